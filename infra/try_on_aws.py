"""Tries on a deployed stack what no local AWS can show, and prints a table.

usage: try_on_aws.py STACK_FILE

STACK_FILE is the JSON that `operate` reads too (infra/README.md says how to make one); for the calls of the API it needs
`apiUrl` and a `token`. Credentials come from the environment unless the file has some. Everything that is written lies
below `u/try-on-aws/` in the bucket of originals and is removed at the end.

A line is `as AWS says`, `DIFFERENT`, or `look` where only a person can judge. The exit status counts the differences. On
a local AWS many lines differ: that is what the test-only proxy in tests/fidelity is for.
"""

import base64
import concurrent.futures
import json
import sys
import urllib.error
import urllib.request
import uuid
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
PREFIX = f"u/try-on-aws/{uuid.uuid4().hex}/"


class Trial:
    """The stack, and the lines of the table so far."""

    def __init__(self, stack: dict):
        self.stack = stack
        keys = {}
        if "accessKeyId" in stack:
            keys = {"aws_access_key_id": stack["accessKeyId"], "aws_secret_access_key": stack["secretAccessKey"]}
        config = Config(signature_version="s3v4", retries={"max_attempts": 1}, request_checksum_calculation="when_required")
        self.s3 = boto3.client("s3", region_name=stack["region"], endpoint_url=stack.get("endpointUrl"), config=config, **keys)
        self.bucket = stack["originalsBucket"]
        self.differences = 0

    def line(self, what: str, expected: object, seen: object, judged: bool = True) -> None:
        verdict = "look" if not judged else "as AWS says" if seen == expected else "DIFFERENT"
        self.differences += verdict == "DIFFERENT"
        print(f"{verdict:12} {what:58} {seen}" + (f", not {expected}" if verdict == "DIFFERENT" else ""), flush=True)

    def code(self, call, **arguments) -> str:
        """The code of S3's refusal, or `ok`."""
        try:
            call(Bucket=self.bucket, **arguments)
        except ClientError as refusal:
            return refusal.response["Error"]["Code"]
        return "ok"


def http(method: str, url: str, body: bytes | None = None, headers: dict | None = None) -> tuple[int, dict, bytes]:
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers.items()), answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, dict(refusal.headers.items()), refusal.read()


def try_unsigned_headers(trial: Trial) -> None:
    for name, value in [("x-amz-acl", "public-read"), ("x-amz-tagging", "a=b"), ("x-amz-copy-source", f"/{trial.bucket}/u/x")]:
        url = trial.s3.generate_presigned_url("put_object", Params={"Bucket": trial.bucket, "Key": PREFIX + "unsigned"}, ExpiresIn=60)
        status, _, body = http("PUT", url, b"x", {name: value})
        trial.line(f"a PUT with an unsigned {name}", (403, True), (status, b"HeadersNotSigned" in body))


def open_parts(trial: Trial, key: str, sizes: list[int], **arguments) -> tuple[str, list[dict]]:
    upload_id = trial.s3.create_multipart_upload(Bucket=trial.bucket, Key=key, **arguments)["UploadId"]
    parts = []
    for number, size in enumerate(sizes, 1):
        answer = trial.s3.upload_part(Bucket=trial.bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=bytes(size))
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    return upload_id, parts


def try_lists_of_parts(trial: Trial) -> None:
    key = PREFIX + "lists"
    upload_id, parts = open_parts(trial, key, [5 * MIB, MIB, 1])
    lists = {
        "MalformedXML": [],
        "InvalidPartOrder": [parts[1], parts[0]],
        "EntityTooSmall": parts,
        "InvalidPart": [{**parts[0], "ETag": '"0123456789abcdef0123456789abcdef"'}],
    }
    for expected, listed in lists.items():
        code = trial.code(trial.s3.complete_multipart_upload, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed})
        trial.line(f"completing with a list that is {expected}", expected, code)
    code = trial.code(
        trial.s3.complete_multipart_upload, Key=key, UploadId=upload_id, MultipartUpload={"Parts": [parts[0], parts[0]]}
    )
    trial.line("completing with a part named twice", "InvalidPartOrder", code)
    trial.s3.abort_multipart_upload(Bucket=trial.bucket, Key=key, UploadId=upload_id)


def try_checksums(trial: Trial) -> None:
    key = PREFIX + "checksums"
    upload_id, parts = open_parts(trial, key, [5 * MIB, 1], ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    right = base64.b64encode(zlib.crc32(bytes(5 * MIB + 1)).to_bytes(4, "big")).decode()

    def complete(checksum: str) -> str:
        return trial.code(
            trial.s3.complete_multipart_upload, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts},
            ChecksumCRC32=checksum, ChecksumType="FULL_OBJECT", MpuObjectSize=5 * MIB + 1,
        )

    trial.line("completing with a wrong checksum of the whole", "BadDigest", complete("AAAAAA=="))
    trial.line("completing with the right one", "ok", complete(right))
    trial.line("completing once more", "ok", complete(right))
    head = trial.s3.head_object(Bucket=trial.bucket, Key=key, ChecksumMode="ENABLED")
    trial.line("the kind of checksum that is kept", "FULL_OBJECT", head.get("ChecksumType"))
    trial.s3.put_object(Bucket=trial.bucket, Key=PREFIX + "plain", Body=b"plain")
    head = trial.s3.head_object(Bucket=trial.bucket, Key=PREFIX + "plain", ChecksumMode="ENABLED")
    trial.line("a CRC64NVME of what came without one", True, "ChecksumCRC64NVME" in head)


def try_races(trial: Trial) -> None:
    def put(_: int) -> str:
        return trial.code(trial.s3.put_object, Key=PREFIX + "race", Body=b"race", IfNoneMatch="*")

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(put, range(16)))
    trial.line("how often one of 16 conditional PUTs wins", 1, codes.count("ok"))
    trial.line("what the others are told", "", {code: codes.count(code) for code in set(codes) - {"ok"}}, judged=False)


def try_origins(trial: Trial) -> None:
    rules = trial.s3.get_bucket_cors(Bucket=trial.bucket)["CORSRules"]
    ours = rules[0]["AllowedOrigins"][0].replace("*", "https://any.example.com")
    url = trial.s3.generate_presigned_url("put_object", Params={"Bucket": trial.bucket, "Key": PREFIX + "cors"}, ExpiresIn=60)
    for origin, allowed in [(ours, True), ("https://evil.example.com", False)]:
        asked = {"origin": origin, "access-control-request-method": "PUT", "access-control-request-headers": "content-type"}
        for where, address in [("the store", url), ("the API", f"{trial.stack['apiUrl']}/uploads")]:
            method = {"access-control-request-method": "PUT" if where == "the store" else "POST"}
            _, headers, _ = http("OPTIONS", address, None, {**asked, **method})
            names = {name.lower() for name in headers}
            trial.line(f"{where} lets a page of {origin} in", allowed, "access-control-allow-origin" in names)


def try_gateway(trial: Trial) -> None:
    api, token = trial.stack["apiUrl"], trial.stack.get("token", "")
    json_type = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    trial.line("a body of 11 MiB", 413, http("POST", f"{api}/uploads", bytes(11 * MIB), json_type)[0])
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(lambda _: http("GET", f"{api}/health")[0], range(600)))
    trial.line("600 requests at once: some are put off", True, 429 in statuses)


def try_rules_of_the_bucket(trial: Trial) -> None:
    rules = trial.s3.get_bucket_lifecycle_configuration(Bucket=trial.bucket)["Rules"]
    days = [rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    trial.line("days until S3 itself aborts what is unfinished", "", days, judged=False)
    rule = trial.s3.get_bucket_encryption(Bucket=trial.bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    trial.line("encryption", "", rule["ApplyServerSideEncryptionByDefault"], judged=False)


def remove_all(trial: Trial) -> None:
    for left in trial.s3.list_multipart_uploads(Bucket=trial.bucket, Prefix=PREFIX).get("Uploads", []):
        trial.s3.abort_multipart_upload(Bucket=trial.bucket, Key=left["Key"], UploadId=left["UploadId"])
    listed = trial.s3.list_object_versions(Bucket=trial.bucket, Prefix=PREFIX)
    for held in listed.get("Versions", []) + listed.get("DeleteMarkers", []):
        trial.s3.delete_object(Bucket=trial.bucket, Key=held["Key"], VersionId=held["VersionId"])


TRIALS = [try_unsigned_headers, try_lists_of_parts, try_checksums, try_races, try_origins, try_gateway, try_rules_of_the_bucket]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        trial = Trial(json.load(file))
    try:
        for one in TRIALS:
            try:
                one(trial)
            except (ClientError, OSError, KeyError) as failure:
                trial.line(f"{one.__name__} to its end", True, f"{type(failure).__name__}: {failure}")
    finally:
        remove_all(trial)
    return min(trial.differences, 100)


if __name__ == "__main__":
    sys.exit(main())
