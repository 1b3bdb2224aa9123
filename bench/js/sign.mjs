// Signs the URLs of one upload with the JavaScript SDK's presigner, several times, and prints how long each time took.
//
// The argument is the same JSON that bench/signing gets; the answer is {"js_nanos": [nanoseconds per round]}.
import { S3Client, UploadPartCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const input = JSON.parse(process.argv[2]);
const client = new S3Client({
  region: input.region,
  credentials: {
    accessKeyId: input.access_key_id,
    secretAccessKey: input.secret_access_key,
    sessionToken: input.session_token,
  },
  // The checksum is given; nothing is left for the SDK to compute.
  requestChecksumCalculation: "WHEN_REQUIRED",
});
const options = {
  expiresIn: input.lifetime_seconds,
  signingDate: new Date(input.epoch_seconds * 1000),
  // Signed as a header, as the other two sign it, instead of moved into the query.
  unhoistableHeaders: new Set(["x-amz-checksum-crc64nvme"]),
};

async function signAll() {
  const urls = [];
  for (let number = 1; number <= input.part_count; number += 1) {
    const part = new UploadPartCommand({
      Bucket: input.bucket,
      Key: input.key,
      UploadId: input.upload_id,
      PartNumber: number,
      ContentLength: input.part_size_bytes,
      ChecksumCRC64NVME: input.part_checksum,
    });
    urls.push(await getSignedUrl(client, part, options));
  }
  return urls;
}

// The first round also warms up the compiler of the engine, which a long-running server would have done as well.
const urls = await signAll();
const signed = urls.filter((url) => {
  const query = new URL(url).searchParams;
  const headers = query.get("X-Amz-SignedHeaders")?.split(";") ?? [];
  return (
    query.get("X-Amz-Security-Token") === input.session_token &&
    query.get("X-Amz-Signature")?.length === 64 &&
    headers.includes("x-amz-checksum-crc64nvme")
  );
});
if (new Set(signed).size !== input.part_count) {
  console.error(`the JavaScript SDK did not sign ${input.part_count} different URLs as asked: ${urls[0]}`);
  process.exit(1);
}

const nanos = [];
for (let round = 0; round < input.js_rounds; round += 1) {
  const start = process.hrtime.bigint();
  await signAll();
  nanos.push(Number(process.hrtime.bigint() - start));
}
console.log(JSON.stringify({ js_nanos: nanos }));
