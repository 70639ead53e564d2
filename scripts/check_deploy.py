"""Checks what deploy/ holds for Kubernetes and Grafana against schemas; called by scripts/check-deploy.

    check_deploy.py kubernetes MANIFESTS SECRET      # the output of `kubectl kustomize`, and a Secret made of real keys
    check_deploy.py dashboard FILE METRICS           # prints the dashboard's expressions as recording rules

Kubernetes' own kinds are checked by kubernetes-validate (the API's JSON schemas, strict), JobSet by the models of
kubeflow-trainer-api, which are made from the JobSet API, and the Jobs within it as Jobs of their own.
"""

import copy
import json
import re
import sys

import yaml

VERSION = "1.33"
ACTIONS = {"FailJobSet", "RestartJobSet", "RestartJobSetAndIgnoreMaxRestarts"}
NEEDS_PERSON = [64, 65, 70, 77, 78]


class Finding(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Finding(text)


def check_builtin(document):
    import kubernetes_validate

    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        raise Finding(f"{document['kind']}: {'/'.join(map(str, error.path))}: {error.message}") from error


def check_jobset(document):
    from kubeflow_trainer_api.models.jobset_v1alpha2_job_set_spec import JobsetV1alpha2JobSetSpec
    from pydantic import ValidationError

    expect(document["apiVersion"] == "jobset.x-k8s.io/v1alpha2", "JobSet: apiVersion")
    expect(set(document) <= {"apiVersion", "kind", "metadata", "spec"}, "JobSet: unknown keys")
    try:
        # What the models do not know they leave out, so the way there and back shows unknown fields.
        understood = JobsetV1alpha2JobSetSpec.model_validate(outline(document["spec"])).to_dict()
    except ValidationError as error:
        raise Finding(f"JobSet: {error}") from error
    compare(outline(document["spec"]), understood, "JobSet.spec")
    # Values that the models take as any text.
    expect(document["spec"]["successPolicy"]["operator"] in {"All", "Any"}, "JobSet: successPolicy.operator")
    for rule in document["spec"]["failurePolicy"]["rules"]:
        expect(rule["action"] in ACTIONS, f"JobSet: failurePolicy: action {rule['action']}")
    for job in document["spec"]["replicatedJobs"]:
        metadata = {"name": f"{document['metadata']['name']}-{job['name']}-0"}
        check_builtin({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job["template"]["spec"]})


def outline(spec):
    """The JobSet's own part of its spec; the templates are checked as Jobs."""
    spec = copy.deepcopy(spec)
    for job in spec["replicatedJobs"]:
        job["template"] = {}
    return spec


def compare(given, understood, path):
    if isinstance(given, dict):
        for key, value in given.items():
            expect(isinstance(understood, dict) and key in understood, f"{path}: unknown field {key}")
            if key != "template":
                compare(value, understood[key], f"{path}.{key}")
    elif isinstance(given, list):
        expect(len(given) == len(understood), f"{path}: length")
        for number, (one, other) in enumerate(zip(given, understood)):
            compare(one, other, f"{path}[{number}]")
    else:
        expect(given == understood, f"{path}: expected {understood!r}, got {given!r}")


def check_meaning(documents, secret):
    """What no schema sees: names that must fit together, exit codes, rights."""
    by_kind = {}
    for document in documents:
        by_kind.setdefault(document["kind"], []).append(document)
    (jobset,) = by_kind["JobSet"]
    claims = {one["metadata"]["name"] for one in by_kind["PersistentVolumeClaim"]}
    maps = {one["metadata"]["name"]: one for one in by_kind["ConfigMap"]}
    (service,) = by_kind["Service"]
    labels = {}
    for job in jobset["spec"]["replicatedJobs"]:
        spec = job["template"]["spec"]
        rules = spec["podFailurePolicy"]["rules"]
        pod = spec["template"]
        labels[job["name"]] = pod["metadata"]["labels"]
        (container,) = pod["spec"]["containers"]
        expect(rules[0]["action"] == "Ignore", "disruptions come first")
        expect(rules[0]["onPodConditions"][0]["type"] == "DisruptionTarget", "disruptions come first")
        codes = {rule["action"]: rule["onExitCodes"] for rule in rules[1:]}
        expect(codes["FailJob"]["values"] == NEEDS_PERSON, f"{job['name']}: exit codes that fail the job")
        expect(all(one["containerName"] == container["name"] for one in codes.values()), "container's name")
        expect(pod["spec"]["restartPolicy"] == "Never", "podFailurePolicy needs restartPolicy Never")
        safe = pod["spec"]["securityContext"]
        expect(safe["runAsNonRoot"] and safe["seccompProfile"]["type"] == "RuntimeDefault", "pod's rights")
        locked = container["securityContext"]
        expect(locked["readOnlyRootFilesystem"] and not locked["allowPrivilegeEscalation"], "container's rights")
        expect(locked["capabilities"]["drop"] == ["ALL"], "capabilities")
        expect({"cpu", "memory"} <= set(container["resources"]["requests"]), "resource requests")
        expect(container["image"] != "pyhealth", "the image is set by the kustomization")
        mounts = {one["name"] for one in container["volumeMounts"]}
        volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
        expect(mounts == set(volumes), f"{job['name']}: volumes {sorted(volumes)}, mounts {sorted(mounts)}")
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                expect(volume["persistentVolumeClaim"]["claimName"] in claims, f"claim of {volume['name']}")
            if "configMap" in volume:
                expect(volume["configMap"]["name"] in maps, f"config map of {volume['name']}")
            if "secret" in volume:
                expect(volume["secret"]["secretName"] == secret["metadata"]["name"], "the secret's name")
                for item in volume["secret"]["items"]:
                    expect(item["key"] in secret["data"], f"keygen makes no {item['key']}")
        secrets = {item["key"] for item in volumes["keys"]["secret"]["items"]}
        other = "worker.key" if job["name"] == "coordinator" else "coordinator.key"
        expect(other not in secrets, f"{job['name']} must not see {other}")
    selector = service["spec"]["selector"]
    expect(selector.items() <= labels["coordinator"].items(), "the service finds the coordinator")
    expect(not selector.items() <= labels["workers"].items(), "the service finds workers")
    arguments = [
        job["template"]["spec"]["template"]["spec"]["containers"][0]["args"] for job in jobset["spec"]["replicatedJobs"]
    ]
    port = service["spec"]["ports"][0]["port"]
    expect(f"tcp://0.0.0.0:{port}" in arguments[0], "the coordinator listens on the service's port")
    expect(f"tcp://{service['metadata']['name']}:{port}" in arguments[1], "workers connect to the service")
    namespaces = {one["metadata"].get("namespace") for one in documents if one["kind"] != "Namespace"}
    expect(namespaces == {by_kind["Namespace"][0]["metadata"]["name"]}, f"namespaces {namespaces}")


def check_documents(documents, secret):
    for document in documents:
        (check_jobset if document["kind"] == "JobSet" else check_builtin)(document)
    check_builtin(secret)
    check_meaning(documents, secret)


def mutants(documents):
    """The same documents with one fault each: the checks must find every one."""

    def changed(kind, change):
        copies = copy.deepcopy(documents)
        change(next(one for one in copies if one["kind"] == kind))
        return copies

    def job(document, number=0):
        return document["spec"]["replicatedJobs"][number]["template"]["spec"]

    yield "unknown field of JobSet", changed("JobSet", lambda one: one["spec"].update(replicas=3))
    yield "failure rule without action", changed("JobSet", lambda one: one["spec"]["failurePolicy"]["rules"][0].pop("action"))
    yield "unknown field of Job", changed("JobSet", lambda one: job(one).update(retries=3))
    yield "text for a number", changed("JobSet", lambda one: job(one, 1).update(parallelism="four"))
    yield "exit code left out", changed("JobSet", lambda one: job(one)["podFailurePolicy"]["rules"][1]["onExitCodes"]["values"].remove(70))
    yield "volume without mount", changed("JobSet", lambda one: job(one)["template"]["spec"]["containers"][0]["volumeMounts"].pop())
    yield "unknown field of Service", changed("Service", lambda one: one["spec"].update(headless=True))
    yield "service of nobody", changed("Service", lambda one: one["spec"]["selector"].update({"app.kubernetes.io/component": "x"}))
    yield "wrong policy type", changed("NetworkPolicy", lambda one: one["spec"].update(podSelector="all"))


def kubernetes(manifests, secret_path):
    with open(manifests) as file:
        documents = list(yaml.safe_load_all(file))
    with open(secret_path) as file:
        secret = yaml.safe_load(file)
    check_documents(documents, secret)
    found = 0
    for name, faulty in mutants(documents):
        try:
            check_documents(faulty, secret)
        except Finding:
            found += 1
        else:
            raise Finding(f"the check does not see: {name}")
    print(f"kubernetes: {len(documents) + 1} objects fit the schemas of {VERSION} and each other; {found} of {found} faults are found")


def dashboard(path, metrics_path):
    with open(path) as file:
        board = json.load(file)
    with open(metrics_path) as file:
        known = set(re.findall(r'"(pyhealth_[a-z_]+)"', file.read()))
    panels = board["panels"]
    expect(len({one["id"] for one in panels}) == len(panels), "panels have ids of their own")
    expressions = [target["expr"] for one in panels for target in one["targets"]]
    for expression in expressions:
        used = set(re.findall(r"pyhealth_[a-z_]+", expression))
        expect(used, f"no metric in {expression}")
        expect(used <= known, f"unknown metrics {sorted(used - known)}")
    rules = []
    for number, expression in enumerate(expressions):
        plain = expression.replace("$__rate_interval", "1m").replace("$instance", ".*")
        expect("$" not in plain, f"unknown variable in {expression}")
        rules.append({"record": f"check:expression_{number}", "expr": plain})
    print(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    left = known - set(re.findall(r"pyhealth_[a-z_]+", " ".join(expressions)))
    print(f"dashboard: {len(panels)} panels, {len(expressions)} expressions, metrics not shown: {sorted(left)}", file=sys.stderr)


if __name__ == "__main__":
    try:
        {"kubernetes": kubernetes, "dashboard": dashboard}[sys.argv[1]](*sys.argv[2:])
    except Finding as finding:
        sys.exit(f"check_deploy: {finding}")
