#!/usr/bin/env python3
"""Holds what cfn-lint does not see in template.yaml: the times against each other, and against the program's own.

Broken in a trial, they sent jobs to the dead-letter queue with no result. Needs cfn-lint's Python package.
"""

import pathlib
import re
import sys

from cfnlint.decode import cfn_yaml

HERE = pathlib.Path(__file__).parent
faults = []


def must(holds, what):
    if not holds:
        faults.append(what)


def constant(pattern, where):
    found = re.search(pattern, (HERE.parent / where).read_text())
    if not found:
        sys.exit(f"{where}: nothing like {pattern}")
    return int(found[1])


template = cfn_yaml.load(str(HERE / "template.yaml"))
resources = template["Resources"]


def properties(name):
    return resources[name]["Properties"]


def of(kind):
    return [name for name, resource in resources.items() if resource["Type"] == kind]


lease = constant(r"lease: Duration::from_secs\((\d+)\)", "src/jobs.rs")
attempts = constant(r"MOST_ATTEMPTS: u32 = (\d+)", "src/jobs.rs")
to_write = constant(r"TO_WRITE: Duration = Duration::from_secs\((\d+)\)", "src/jobs/lambda.rs")

functions, queues, feeds = of("AWS::Lambda::Function"), of("AWS::SQS::Queue"), of("AWS::Lambda::EventSourceMapping")
must(len(feeds) == len(queues) == len(functions), "every queue, the dead letters' too, has a function that consumes it")
for name in functions:
    told = int(properties(name)["Environment"]["Variables"]["COMPOSER_LEASE"])
    must(told == lease, f"{name}: lease {told} s, but clients and workers elsewhere go by {lease} s")
for name in feeds:
    feed = properties(name)
    function = feed["FunctionName"]["Ref"]
    source = feed["EventSourceArn"]["Fn::GetAtt"]
    queue = source[0] if isinstance(source, list) else source.split(".")[0]
    timeout, visible = properties(function)["Timeout"], properties(queue)["VisibilityTimeout"]
    must(visible >= 6 * timeout, f"{queue}: visibility {visible} s is less than six times {function}'s {timeout} s")
    must(visible > lease, f"{queue}: a message comes again within the lease of {lease} s")
    must(timeout > to_write, f"{function}: no time to compose in {timeout} s")
    must("ReportBatchItemFailures" in feed.get("FunctionResponseTypes", []), f"{name}: one failure fails a whole batch")

worker = properties("WorkerFeed")["FunctionName"]["Ref"]
must(properties(worker)["Timeout"] > lease, f"{worker}: its time-out should be longer than the lease of {lease} s")
must(properties("WorkerFeed")["BatchSize"] == 1, "WorkerFeed: a crash takes the rest of its batch with it")
redrive = properties("Jobs")["RedrivePolicy"]
received = redrive["maxReceiveCount"]
must(received > attempts, f"Jobs: given up after {received} receives, before {attempts} attempts could be made")
must(
    properties("Jobs")["MessageRetentionPeriod"] > received * properties("Jobs")["VisibilityTimeout"],
    "Jobs: messages vanish before they are given up",
)
must(redrive["deadLetterTargetArn"]["Fn::GetAtt"][0] == "DeadLetters", "Jobs: no dead-letter queue")

# The queue's policy names the bucket that is made after it.
name = properties("Bucket")["BucketName"]["Fn::Sub"]
allowed = properties("JobsPolicy")["PolicyDocument"]["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
must(allowed.endswith(f":::{name}"), f"JobsPolicy: {allowed} is not the bucket {name}")
must(
    all(properties("Bucket")["PublicAccessBlockConfiguration"].values()),
    "Bucket: public access is not blocked",
)
for role in of("AWS::IAM::Role"):
    for policy in properties(role)["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            must(not any("*" in action for action in actions), f"{role}: may do {actions}")
            must(statement["Resource"] != "*", f"{role}: may do it to everything")

if faults:
    sys.exit("\n".join(f"deploy/template.yaml: {fault}" for fault in faults))
print("deploy/template.yaml: leases, time-outs, queues and roles go together")
