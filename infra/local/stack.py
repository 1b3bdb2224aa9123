"""What `cargo xtask` asks of the local AWS beside `sam deploy`, in one place so that xtask needs no AWS SDK.

usage: stack.py prepare BUCKET   make the bucket that sam deploy uploads to
       stack.py finish STACK     repair what MiniStack misreads, print the stack's outputs as JSON
       stack.py outputs STACK    print the stack's outputs as JSON
       stack.py reasons STACK    print why a deployment failed, one reason a line
       stack.py signing-key      print a new RSA key (PKCS #8, DER, base64) and its key id
"""

import base64
import hashlib
import json
import sys

import boto3


def prepare(bucket: str) -> None:
    boto3.client("s3").create_bucket(Bucket=bucket)


def finish(stack: str) -> None:
    cloudformation = boto3.client("cloudformation")
    description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in description.get("Parameters", [])}
    template = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    if isinstance(template, str):
        template = json.loads(template)
    repair_cors(template, parameters, outputs["ApiId"])
    repair_event_sources()
    print(json.dumps(outputs))


def outputs(stack: str) -> None:
    description = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    print(json.dumps({output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}))


def repair_cors(template: dict, parameters: dict, api_id: str) -> None:
    """MiniStack 1.5.33 stores an API's CORS as CloudFormation spells it and then looks for other names."""
    cors = dict(template["Resources"]["UploadApi"]["Properties"]["CorsConfiguration"])
    cors["AllowOrigins"] = parameters[cors["AllowOrigins"]["Ref"]].split(",")
    boto3.client("apigatewayv2").update_api(ApiId=api_id, CorsConfiguration=cors)


def repair_event_sources() -> None:
    """MiniStack 1.5.33 keeps a number that comes from a parameter as text, on which its queue poller fails."""
    functions = boto3.client("lambda")
    for source in functions.list_event_source_mappings()["EventSourceMappings"]:
        limit = int(source["ScalingConfig"]["MaximumConcurrency"])
        functions.update_event_source_mapping(UUID=source["UUID"], ScalingConfig={"MaximumConcurrency": limit})


def reasons(stack: str) -> None:
    events = boto3.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    for event in reversed(events):
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason.lower():
            print(f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}")


def signing_key() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    print(base64.b64encode(der).decode(), hashlib.sha256(modulus).hexdigest()[:16])


COMMANDS = {
    "prepare": prepare,
    "finish": finish,
    "outputs": outputs,
    "reasons": reasons,
    "signing-key": signing_key,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
