"""How the kill loop makes time pass on a local stack, and how it sees everything at the end.

Reads one JSON request a line on standard input, {"do": NAME}, and answers each with one line of JSON. The stack is
described by the JSON file that is the only argument.

    quicken    visibility timeouts and leases last seconds instead of minutes
    clean-up   cleanup runs now: {"killed": whether it did not live to answer, "attended", "failures", "more"}
    hurry      what a lost job or an ended upload waits for is due now: {"made": how many records}
    depths     messages in the queues and dead letters behind them: {"waiting", "dead"}
    survey     every record, object version, variant and open multipart upload

Nothing of it is a setting of the service: the functions are the binaries that ship, with the settings that ship but for
LEASE_SECONDS. A lease stays shorter than its queue's visibility timeout, as in template.yaml, so that the delivery after
a death finds the lease over. It is no longer than the timeout of the function here; a worker that is only slow is then
overtaken, which is one fault more that must do no harm.
"""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

VISIBILITY_SECONDS = {"assemblyQueueUrl": 4, "imageQueueUrl": 7}
LEASE_SECONDS = {"assemblyFunctionName": 3, "thumbnailFunctionName": 6}

# A job that was lost is sent again by cleanup when its record is due, after five minutes or more. The records of these
# states wait for that; `aborted` waits for its second purge.
WAITING_STATES = {"active", "completing", "completed", "aborted", "expiring"}


class Stack:
    def __init__(self, description: dict) -> None:
        self.description = description
        session = boto3.Session(
            aws_access_key_id=description["accessKeyId"],
            aws_secret_access_key=description["secretAccessKey"],
            region_name=description["region"],
        )

        def client(service: str, attempts: int = 8):
            patience = Config(retries={"total_max_attempts": attempts}, read_timeout=310)
            return session.client(service, endpoint_url=description["endpointUrl"], config=patience)

        self.functions, self.sqs, self.s3 = client("lambda"), client("sqs"), client("s3")
        self.table = client("dynamodb")
        # A repeat would hide that a run of cleanup was killed.
        self.cleanup = client("lambda", attempts=1)

    def quicken(self) -> dict:
        for queue, seconds in VISIBILITY_SECONDS.items():
            attributes = {"VisibilityTimeout": str(seconds)}
            self.sqs.set_queue_attributes(QueueUrl=self.description[queue], Attributes=attributes)
        for function, seconds in LEASE_SECONDS.items():
            name = self.description[function]
            variables = self.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            variables["LEASE_SECONDS"] = str(seconds)
            self.functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
            self.functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return {}

    def clean_up(self) -> dict:
        name = self.description["cleanupFunctionName"]
        try:
            answer = self.cleanup.invoke(FunctionName=name, Payload=b"{}")
        except (BotoCoreError, ClientError) as failure:
            return {"killed": True, "why": str(failure)}
        body = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer or not isinstance(body, dict):
            return {"killed": True, "why": body}
        return {"killed": False, **body}

    def records(self) -> list[dict]:
        pages = self.table.get_paginator("scan").paginate(TableName=self.description["table"], ConsistentRead=True)
        items = [item for page in pages for item in page["Items"]]
        return [item for item in items if item["pk"]["S"].startswith("U#") and item["sk"]["S"] == "#"]

    def hurry(self) -> dict:
        now, made = int(time.time()), 0
        for item in self.records():
            # A multipart upload that is active waits for its client, and is due when it expires.
            waits = item["st"]["S"] in WAITING_STATES and not (item["st"]["S"] == "active" and "one" not in item)
            if not waits or int(item.get("dueAt", {"N": "0"})["N"]) <= now:
                continue
            try:
                # The version stays: a due date only says when cleanup is to look, and whoever changes the record
                # meanwhile decides it anew.
                self.table.update_item(
                    TableName=self.description["table"],
                    Key={"pk": item["pk"], "sk": item["sk"]},
                    UpdateExpression="SET dueAt = :now",
                    ConditionExpression="ver = :version AND dueAt = :due",
                    ExpressionAttributeValues={
                        ":now": {"N": str(now)},
                        ":version": item["ver"],
                        ":due": item["dueAt"],
                    },
                )
                made += 1
            except ClientError as refused:
                if refused.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
        return {"made": made}

    def depths(self) -> dict:
        def held(*queues: str) -> int:
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            asked = [
                self.sqs.get_queue_attributes(QueueUrl=self.description[queue], AttributeNames=names)["Attributes"]
                for queue in queues
            ]
            return sum(int(attributes[name]) for attributes in asked for name in names)

        dead = held("assemblyDeadLetterQueueUrl", "imageDeadLetterQueueUrl", "cleanupDeadLetterQueueUrl")
        return {"waiting": held("assemblyQueueUrl", "imageQueueUrl"), "dead": dead}

    def survey(self) -> dict:
        originals, variants = self.description["originalsBucket"], self.description["variantsBucket"]

        def listed(operation: str, bucket: str, member: str) -> list[dict]:
            pages = self.s3.get_paginator(operation).paginate(Bucket=bucket)
            return [entry for page in pages for entry in page.get(member, [])]

        records = [
            {
                "id": item["pk"]["S"].removeprefix("U#"),
                "state": item["st"]["S"],
                "filename": item["fn"]["S"],
                "size": int(item["size"]["N"]),
                "key": f"u/{item['ownerKey']['S']}/{item['pk']['S'].removeprefix('U#')}",
                "s3UploadId": item.get("s3", {}).get("S"),
                "imageState": item.get("is", {}).get("S"),
                "imageReason": item.get("irc", {}).get("S"),
                "variants": variants_of(item.get("iv", {}).get("S", "")),
            }
            for item in self.records()
        ]
        return {
            "records": records,
            "versions": [entry["Key"] for entry in listed("list_object_versions", originals, "Versions")],
            "objects": [entry["Key"] for entry in listed("list_objects_v2", originals, "Contents")],
            "variants": {entry["Key"]: entry["Size"] for entry in listed("list_objects_v2", variants, "Contents")},
            "multiparts": [
                {"key": entry["Key"], "s3UploadId": entry["UploadId"]}
                for bucket in (originals, variants)
                for entry in listed("list_multipart_uploads", bucket, "Uploads")
            ],
        }


def variants_of(lines: str) -> dict[str, int]:
    """Name and bytes. One line a variant: `<name> <width> <height> <bytes>`, or JSON (see shared/src/aws/file_item.rs)."""
    named = {}
    for line in lines.splitlines():
        if line.startswith("{"):
            variant = json.loads(line)
            named[variant["name"]] = variant["bytes"]
        else:
            name, _width, _height, size = line.split(" ")
            named[name] = int(size)
    return named


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        stack = Stack(json.load(file))
    requests = {
        "quicken": stack.quicken,
        "clean-up": stack.clean_up,
        "hurry": stack.hurry,
        "depths": stack.depths,
        "survey": stack.survey,
    }
    for line in sys.stdin:
        print(json.dumps(requests[json.loads(line)["do"]]()), flush=True)


if __name__ == "__main__":
    main()
