#!/usr/bin/env python3
"""trial.py COMPOSER ZIP - the real template and the real code on MiniStack, an AWS on loopback.

A job through S3, SQS and Lambda and back; the same event twice; jobs that bring the function down, with and without
attempts left; the same code under Lambda's own runtime emulator. Fails where one of them does not end as it should.
"""

import contextlib
import functools
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

import boto3
import samcli

print = functools.partial(print, flush=True)
HERE = pathlib.Path(__file__).parent
COMPOSER, ZIP = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
RIE = pathlib.Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-x86_64"
# One draft of the demo melody: what is on trial is the way there and back.
MELODY = [str(HERE.parent / "assets/melodies/demo.mid"), "--sampling-iterations", "0"]
STACK = "composer"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, holds, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = holds()
        if answer:
            return answer
        time.sleep(0.2)
    sys.exit(f"trial: {what} did not come about in {seconds} s")


@contextlib.contextmanager
def program(command, folder, **variables):
    """Runs a program until the end of the block."""
    log = open(folder / (pathlib.Path(command[0]).name + ".log"), "wb")
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **variables}, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def endless():
    """Music within all limits on which a worker is busy for hours before the first note."""
    events = b"".join(bytes([1, 0xFF, 0x58, 4, 1 + i % 2, 2, 24, 8]) for i in range(200_000))
    for i in range(9000):
        key = 60 + i % 12
        events += bytes([0, 0x90, key, 90, 0x81, 0xF0, 0x00, 0x80, key, 64])
    events += bytes([0, 0xFF, 0x2F, 0])
    head = b"MThd" + (6).to_bytes(4, "big") + bytes([0, 0, 0, 1, 480 >> 8, 480 & 255])
    return head + b"MTrk" + len(events).to_bytes(4, "big") + events


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="composer-trial-"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    os.environ.update(
        AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=url,
        HOME=str(folder),
    )
    ministack = pathlib.Path(sys.executable).parent / "ministack"
    with program([str(ministack)], folder, BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port)):
        until("MiniStack", lambda: answers(url))
        trial(folder, url)


def answers(url):
    try:
        urllib.request.urlopen(url + "/_ministack/health", timeout=1)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def trial(folder, url):
    s3, sqs, lambdas = (boto3.client(name, endpoint_url=url) for name in ("s3", "sqs", "lambda"))
    formation = boto3.client("cloudformation", endpoint_url=url)

    s3.create_bucket(Bucket="code")
    s3.upload_file(str(ZIP), "code", "composer-lambda.zip")
    formation.create_stack(
        StackName=STACK,
        TemplateBody=(HERE / "template.yaml").read_text(),
        Parameters=[{"ParameterKey": "CodeBucket", "ParameterValue": "code"}],
        Capabilities=["CAPABILITY_IAM"],
    )
    formation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    store, queue = outputs["Store"], outputs["Queue"]
    bucket = store.removeprefix("s3://")
    queues = {r["LogicalResourceId"]: r["PhysicalResourceId"]
              for r in formation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]}

    # MiniStack 1.5 takes the template's parameter for a text here, and then compares it with a number.
    for feed in lambdas.list_event_source_mappings(FunctionName=f"{STACK}-worker")["EventSourceMappings"]:
        lambdas.update_event_source_mapping(UUID=feed["UUID"], ScalingConfig={"MaximumConcurrency": 10})

    def composer(*arguments, ok=True):
        done = subprocess.run(
            [str(COMPOSER), *arguments, "--store", store, "--endpoint-url", url, "--json"],
            cwd=folder, capture_output=True, timeout=180,
        )
        if ok and done.returncode:
            sys.exit(f"trial: composer {' '.join(arguments)}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def keys(job):
        return sorted(o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=f"jobs/{job}/").get("Contents", []))

    def result(job):
        if f"jobs/{job}/result.json" in keys(job):
            return s3.get_object(Bucket=bucket, Key=f"jobs/{job}/result.json")["Body"].read()
        return None

    def is_empty(url):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return all(int(counts[name]) == 0 for name in names)

    # There and back.
    started = time.monotonic()
    job = composer("submit", *MELODY, "--wait", "--timeout", "120s")["jobs"][0]
    took = time.monotonic() - started
    assert job["state"] == "succeeded" and job["files"], job
    stages = ", ".join(f"{name} {seconds:.3f}" for name, seconds in job["stages"].items())
    print(f"S3 -> SQS -> Lambda: composed in {took:.2f} s ({stages})")

    # The same event again, what S3 says once to every queue, and nonsense.
    until("an empty queue", lambda: is_empty(queue))
    before, objects = result(job["id"]), keys(job["id"])
    event = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket},
                          "object": {"key": f"jobs%2F{job['id']}%2Frequest.json"}}}]}
    for body in (json.dumps(event), json.dumps(event), '{"Event":"s3:TestEvent"}', "nonsense"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    until("an empty queue", lambda: is_empty(queue))
    time.sleep(1)
    assert result(job["id"]) == before and keys(job["id"]) == objects, "a duplicate event changed a job"
    assert is_empty(queues["DeadLetters"])
    print("the same event twice, s3:TestEvent, nonsense: nothing changed, and all of it is forgotten")

    polled(folder, url, s3, sqs)

    # What brings the function down, with shorter times than the template's, which would take an hour.
    (folder / "endless.mid").write_bytes(endless())
    for name in ("worker", "undertaker"):
        variables = lambdas.get_function_configuration(FunctionName=f"{STACK}-{name}")["Environment"]["Variables"]
        lambdas.update_function_configuration(
            FunctionName=f"{STACK}-{name}", Timeout=12, Environment={"Variables": {**variables, "COMPOSER_LEASE": "1"}})
    for name in ("Jobs", "DeadLetters"):
        sqs.set_queue_attributes(QueueUrl=queues[name], Attributes={"VisibilityTimeout": "15"})

    def crash(after):
        job = composer("submit", "endless.mid")["jobs"][0]["id"]
        ended = until("a failed result", lambda: result(job), 180)
        state = json.loads(ended)
        assert state["state"] == "failed", state
        print(f"a job that brings the function down, {after}: {state['class']}, {state['message']!r}")
        return state

    state = crash("with attempts left in the queue")
    assert state["attempt"] == 3, state
    redrive = json.loads(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"])
    redrive["maxReceiveCount"] = 1
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(redrive)})
    state = crash("given up by its queue")
    assert "its queue gave it up" in state["message"], state
    until("an empty dead-letter queue", lambda: is_empty(queues["DeadLetters"]))
    emulator(folder, url, s3)
    formation.delete_stack(StackName=STACK)
    formation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    print("the stack is removed")


def polled(folder, url, s3, sqs):
    """A worker on a computer of one's own, that a queue feeds."""
    s3.create_bucket(Bucket="polled")
    queue = sqs.create_queue(QueueName="polled")["QueueUrl"]
    store = ["--store", "s3://polled", "--endpoint-url", url]
    submitted = subprocess.run([str(COMPOSER), "submit", *MELODY, "--json", *store], capture_output=True, check=True)
    job = json.loads(submitted.stdout)["jobs"][0]["id"]
    event = json.dumps({"Records": [{"s3": {"object": {"key": f"jobs/{job}/request.json"}}}]})
    for body in (event, event, "nonsense"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    worker = [str(COMPOSER), "worker", "--queue", queue, "--drain", "--concurrency", "2", *store]
    told = subprocess.run(worker, cwd=folder, capture_output=True, timeout=120, check=True).stdout.decode()
    assert told.count("succeeded") == 1, told
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "0", counts
    print("composer worker --queue: composed once, told twice")


def emulator(folder, url, s3):
    """The same code under the emulator of Lambda's runtime."""
    s3.create_bucket(Bucket="emulated")
    with zipfile.ZipFile(ZIP) as code:
        code.extract("bootstrap", folder)
    (folder / "bootstrap").chmod(0o755)
    store = ["--store", "s3://emulated/my-music", "--endpoint-url", url]
    submitted = subprocess.run([str(COMPOSER), "submit", *MELODY, "--json", *store], capture_output=True, check=True)
    job = json.loads(submitted.stdout)["jobs"][0]["id"]
    body = json.dumps({"Records": [{"s3": {"object": {"key": f"my-music/jobs/{job}/request.json"}}}]})
    batch = {"Records": [{"messageId": "one", "body": body}, {"messageId": "two", "body": "nonsense"}]}
    port = free_port()
    listen = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{free_port()}"]
    with program([str(RIE), *listen, str(folder / "bootstrap")], folder, COMPOSER_STORE="s3://emulated/my-music"):
        call = urllib.request.Request(
            f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", json.dumps(batch).encode())
        def invoked():
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(call, timeout=100).read()
        answer = json.loads(until("the emulator", invoked))
    assert answer == {"batchItemFailures": []}, answer
    shown = subprocess.run([str(COMPOSER), "jobs", "show", job, "--json", *store], capture_output=True, check=True)
    state = json.loads(shown.stdout)["jobs"][0]["state"]
    assert state == "succeeded", state
    print("under the runtime emulator: composed, and every message is done with")


main()
