"""Programs that use Debian's python3-kubernetes. tests/e2e/run takes a python that has it."""
import base64
import datetime
import json
import threading
import unittest

from cluster import ClusterTest, until
from test_crd import GROUP, crontab, definition

try:
    import kubernetes
    import yaml
    from kubernetes import client, dynamic, watch
    from kubernetes.client.exceptions import ApiException
except ImportError:
    kubernetes = None

LABELS = {"app": "web"}


def map_of(name, data=None, **meta):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, **meta), data=data or {"a": "1"})


def pod_of(name):
    container = client.V1Container(name="main", image="busybox", command=["sleep", "1000"])
    return client.V1Pod(metadata=client.V1ObjectMeta(name=name, labels=LABELS),
                        spec=client.V1PodSpec(containers=[container]))


def deployment_of(name):
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=LABELS),
                                        spec=pod_of("x").spec)
    return client.V1Deployment(
        metadata=client.V1ObjectMeta(name=name),
        spec=client.V1DeploymentSpec(replicas=2, template=template,
                                     selector=client.V1LabelSelector(match_labels=LABELS)))


@unittest.skipUnless(kubernetes, "no python here has Debian's package python3-kubernetes")
class PythonTest(ClusterTest):
    """Each test has a namespace."""

    def setUp(self):
        self.api = kubernetes.config.new_client_from_config(str(self.cluster.kubeconfig), "m1")
        self.addCleanup(self.api.rest_client.pool_manager.clear)
        self.core, self.apps = client.CoreV1Api(self.api), client.AppsV1Api(self.api)
        self.ns = "py-" + self.id().split(".test_")[-1].replace("_", "-")[:50].strip("-")
        self.core.create_namespace({"metadata": {"name": self.ns}})
        self.addCleanup(lambda: self.core.delete_namespace(self.ns))
        until(lambda: [a.secrets for a in self.core.list_namespaced_service_account(self.ns).items
                       if a.secrets])

    def dynamic(self, version, kind):
        return dynamic.DynamicClient(self.api).resources.get(api_version=version, kind=kind)

    def refused(self, status, reason, call, *args, **more):
        """The Status that a refusal carries."""
        with self.assertRaises(ApiException) as caught:
            call(*args, **more)
        self.assertEqual(caught.exception.status, status, caught.exception.body)
        body = json.loads(caught.exception.body)
        self.assertEqual((body["kind"], body["apiVersion"], body["status"]),
                         ("Status", "v1", "Failure"))
        self.assertEqual((body["code"], body["reason"]), (status, reason), body)
        return body


class Objects(PythonTest):
    def test_a_config_map_from_creation_to_its_end(self):
        made = self.core.create_namespaced_config_map(self.ns, map_of("one", labels=LABELS))
        self.assertEqual((made.metadata.namespace, made.data), (self.ns, {"a": "1"}))
        self.assertIsInstance(made.metadata.creation_timestamp, datetime.datetime)
        made.data["b"] = "2"
        changed = self.core.replace_namespaced_config_map("one", self.ns, made)
        self.assertEqual(changed.metadata.uid, made.metadata.uid)
        body = self.refused(409, "Conflict", self.core.replace_namespaced_config_map, "one", self.ns,
                            made)
        self.assertEqual(body["details"]["name"], "one")
        self.assertEqual(self.core.read_namespaced_config_map("one", self.ns).data["b"], "2")
        status = self.core.delete_namespaced_config_map("one", self.ns)
        self.assertEqual((status.status, status.details.uid), ("Success", made.metadata.uid))
        self.refused(404, "NotFound", self.core.read_namespaced_config_map, "one", self.ns)

    def test_a_secret_of_plain_strings(self):
        secret = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), type="Opaque",
                                 string_data={"password": "hunter2"})
        self.core.create_namespaced_secret(self.ns, secret)
        read = self.core.read_namespaced_secret("s", self.ns)
        self.assertEqual(base64.b64decode(read.data["password"]), b"hunter2")
        self.assertIsNone(read.string_data)

    def test_a_pod_runs_and_goes(self):
        self.core.create_namespaced_pod(self.ns, pod_of("p"))
        pod = until(lambda: (p := self.core.read_namespaced_pod("p", self.ns)).status.phase ==
                    "Running" and p)
        self.assertEqual((pod.spec.restart_policy, pod.status.qos_class), ("Always", "BestEffort"))
        self.assertTrue(pod.status.container_statuses[0].ready)
        self.assertIsNotNone(pod.status.container_statuses[0].state.running.started_at.tzinfo)
        going = self.core.delete_namespaced_pod("p", self.ns, grace_period_seconds=1)
        self.assertIsNotNone(going.metadata.deletion_timestamp)
        until(lambda: not self.core.list_namespaced_pod(self.ns).items)

    def test_a_deployment_is_stored_with_its_defaults(self):
        made = self.apps.create_namespaced_deployment(self.ns, deployment_of("web"))
        self.assertEqual((made.metadata.generation, made.spec.revision_history_limit), (1, 10))
        self.assertEqual(made.spec.strategy.rolling_update.max_surge, "25%")
        scale = self.apps.read_namespaced_deployment_scale("web", self.ns)
        scale.spec.replicas = 5
        self.apps.replace_namespaced_deployment_scale("web", self.ns, scale)
        read = self.apps.read_namespaced_deployment("web", self.ns)
        self.assertEqual((read.spec.replicas, read.metadata.generation), (5, 2))

    def test_a_dry_run_is_answered_and_not_stored(self):
        made = self.core.create_namespaced_config_map(self.ns, map_of("dry"), dry_run="All")
        self.assertTrue(made.metadata.uid)
        self.refused(404, "NotFound", self.core.read_namespaced_config_map, "dry", self.ns)

    def test_refusals_say_what_is_wrong(self):
        self.core.create_namespaced_config_map(self.ns, map_of("there"))
        body = self.refused(409, "AlreadyExists", self.core.create_namespaced_config_map, self.ns,
                            map_of("there"))
        self.assertEqual(body["message"], 'configmaps "there" already exists')
        body = self.refused(422, "Invalid", self.core.create_namespaced_config_map, self.ns,
                            map_of("Not_A_Name"))
        self.assertEqual(body["details"]["causes"][0]["field"], "metadata.name")
        body = self.refused(404, "NotFound", self.core.read_namespace, "missing")
        self.assertEqual(body["details"], {"name": "missing", "kind": "namespaces"})
        self.refused(404, "NotFound", self.core.create_namespaced_config_map, "missing", map_of("x"))
        self.refused(400, "BadRequest", self.core.list_namespaced_pod, self.ns,
                     label_selector="a in (")

    def test_patches_of_three_types(self):
        self.apps.create_namespaced_deployment(self.ns, deployment_of("web"))
        patch = lambda body: self.apps.patch_namespaced_deployment("web", self.ns, body)
        sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "log", "image": "x"}]}}}}
        names = [c.name for c in patch(sidecar).spec.template.spec.containers]
        self.assertEqual(sorted(names), ["log", "main"], "a dict is a strategic merge patch")
        patched = patch([{"op": "test", "path": "/spec/replicas", "value": 2},
                         {"op": "replace", "path": "/spec/replicas", "value": 4}])
        self.assertEqual(patched.spec.replicas, 4, "a list is a JSON patch")
        self.refused(422, "Invalid", patch,
                     [{"op": "test", "path": "/spec/replicas", "value": 2}])
        merged = self.dynamic("apps/v1", "Deployment").patch(
            body=sidecar, name="web", namespace=self.ns, content_type="application/merge-patch+json")
        self.assertEqual([c.name for c in merged.spec.template.spec.containers], ["log"])

    def test_deletion_and_what_becomes_of_dependents(self):
        def owned(name, owner):
            reference = client.V1OwnerReference(
                api_version="v1", kind="ConfigMap", name=owner.metadata.name,
                uid=owner.metadata.uid, block_owner_deletion=True)
            return self.core.create_namespaced_config_map(
                self.ns, map_of(name, owner_references=[reference]))
        names = lambda: {c.metadata.name
                         for c in self.core.list_namespaced_config_map(self.ns).items}
        for policy in ("Background", "Foreground", "Orphan"):
            owner = self.core.create_namespaced_config_map(self.ns, map_of("owner"))
            owned("child", owner)
            self.core.delete_namespaced_config_map("owner", self.ns, propagation_policy=policy)
            left = {"child"} if policy == "Orphan" else set()
            until(lambda: names() - {"kube-root-ca.crt"} == left)
        orphan = self.core.read_namespaced_config_map("child", self.ns)
        self.assertFalse(orphan.metadata.owner_references)
        wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))
        self.refused(409, "Conflict", self.core.delete_namespaced_config_map, "child", self.ns,
                     body=wrong)
        self.core.delete_collection_namespaced_config_map(self.ns, field_selector="metadata.name=child")
        self.assertNotIn("child", names())


class Lists(PythonTest):
    def test_pages_are_of_one_moment(self):
        for k in range(7):
            self.core.create_namespaced_config_map(self.ns, map_of(f"m-{k}", labels=LABELS))
        seen, revisions, token = [], set(), None
        while True:
            page = self.core.list_namespaced_config_map(self.ns, limit=3, _continue=token,
                                                        label_selector="app=web")
            seen += [c.metadata.name for c in page.items]
            revisions.add(page.metadata.resource_version)
            token = page.metadata._continue
            if not token:
                break
            self.assertEqual(len(page.items), 3)
            self.core.delete_namespaced_config_map("m-6", self.ns) if len(seen) == 3 else None
        self.assertEqual(seen, [f"m-{k}" for k in range(7)], "one was deleted after the first page")
        self.assertEqual(len(revisions), 1)
        self.refused(400, "BadRequest", self.core.list_namespaced_config_map, self.ns, limit=3,
                     _continue="nonsense")

    def test_a_watch_goes_on_where_it_was(self):
        start = self.core.list_namespaced_config_map(self.ns).metadata.resource_version
        for name in ("a", "b", "c"):
            self.core.create_namespaced_config_map(self.ns, map_of(name))
        watching = watch.Watch()

        def take(count):
            events = []
            for event in watching.stream(self.core.list_namespaced_config_map, self.ns,
                                         resource_version=watching.resource_version or start):
                if event["object"].metadata.name != "kube-root-ca.crt":
                    events.append((event["type"], event["object"].metadata.name))
                if len(events) == count:
                    watching.stop()
            return events
        self.assertEqual(take(2), [("ADDED", "a"), ("ADDED", "b")])
        self.core.delete_namespaced_config_map("a", self.ns)
        self.assertEqual(take(2), [("ADDED", "c"), ("DELETED", "a")])

    def test_a_watch_from_a_moment_that_never_was(self):
        """What a client sees that asks beyond the newest revision: an error it can act on."""
        with self.assertRaises(ApiException) as caught:
            for _ in watch.Watch().stream(self.core.list_namespaced_config_map, self.ns,
                                          resource_version="999999999", timeout_seconds=5):
                self.fail("an event of the future")
        self.assertIn(caught.exception.status, (410, 504), caught.exception)

    def test_a_watch_from_the_very_first_revision_sees_the_whole_past(self):
        """Where another server says 410 Gone, this one still has its log."""
        self.core.create_namespaced_config_map(self.ns, map_of("brief"))
        self.core.delete_namespaced_config_map("brief", self.ns)
        watching, seen = watch.Watch(), []
        for event in watching.stream(self.core.list_namespaced_config_map, self.ns, resource_version=1,
                                     field_selector="metadata.name=brief", timeout_seconds=60):
            seen.append(event["type"])
            if len(seen) == 2:
                watching.stop()
        self.assertEqual(seen, ["ADDED", "DELETED"])

    def test_a_watch_ends_when_its_time_is_over(self):
        events = watch.Watch().stream(self.core.list_namespace, timeout_seconds=1)
        names = {e["object"].metadata.name for e in events}
        self.assertLessEqual({"default", "kube-system", self.ns}, names)


class Coordination(PythonTest):
    def test_many_contend_for_a_lease_and_one_wins_each_turn(self):
        """As leader election does it: who writes over what it has not read gets a conflict."""
        leases = client.CoordinationV1Api(self.api)
        now = datetime.datetime.now(datetime.timezone.utc)
        spec = client.V1LeaseSpec(lease_duration_seconds=15, holder_identity="nobody",
                                  acquire_time=now, renew_time=now, lease_transitions=0)
        leases.create_namespaced_lease(self.ns, client.V1Lease(
            metadata=client.V1ObjectMeta(name="leader"), spec=spec))
        won, lost, gate = [], [], threading.Barrier(4)

        def contend(who):
            for turn in range(5):
                lease = leases.read_namespaced_lease("leader", self.ns)
                gate.wait(60)
                lease.spec.holder_identity = who
                lease.spec.lease_transitions += 1
                try:
                    leases.replace_namespaced_lease("leader", self.ns, lease)
                    won.append(turn)
                except ApiException as e:
                    lost.append(e.status)
                gate.wait(60)
        threads = [threading.Thread(target=contend, args=(f"candidate-{k}",)) for k in range(4)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        self.assertEqual((won, set(lost), len(lost)), ([0, 1, 2, 3, 4], {409}, 15))
        last = leases.read_namespaced_lease("leader", self.ns).spec
        self.assertEqual(last.lease_transitions, 5)
        self.assertEqual(last.acquire_time.microsecond, now.microsecond)


class Custom(PythonTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        status, made = cls.cluster.call("POST", path, definition())
        assert status == 201, made
        until(lambda: cls.cluster.call("GET", f"/apis/{GROUP}/v1/crontabs")[0] == 200)

    def apply(self, resource, body, manager, **more):
        return resource.server_side_apply(body=yaml.safe_dump(body), name=body["metadata"]["name"],
                                          namespace=self.ns, field_manager=manager, **more)

    def test_custom_objects_by_their_api(self):
        custom = client.CustomObjectsApi(self.api)
        where = (GROUP, "v1", self.ns, "crontabs")
        made = custom.create_namespaced_custom_object(*where, crontab("one"))
        self.assertEqual(made["spec"]["image"], "busybox")
        custom.patch_namespaced_custom_object(*where, "one", {"spec": {"replicas": 3}})
        custom.patch_namespaced_custom_object_status(*where, "one", {"status": {"ok": True}})
        read = custom.get_namespaced_custom_object(*where, "one")
        self.assertEqual((read["spec"]["replicas"], read["status"]), (3, {"ok": True}))
        body = self.refused(422, "Invalid", custom.create_namespaced_custom_object, *where,
                            crontab("wrong", replicas=99))
        self.assertEqual(body["details"]["causes"][0]["field"], "spec.replicas")
        seen = []
        watching = watch.Watch()
        for event in watching.stream(custom.list_namespaced_custom_object, *where, timeout_seconds=60):
            seen.append((event["type"], event["object"]["metadata"]["name"]))
            if len(seen) == 1:
                custom.delete_namespaced_custom_object(*where, "one")
            else:
                watching.stop()
        self.assertEqual(seen, [("ADDED", "one"), ("DELETED", "one")])

    def test_a_custom_object_is_applied(self):
        tabs = self.dynamic(f"{GROUP}/v1", "CronTab")
        self.apply(tabs, crontab("tab", replicas=2), "one")
        self.refused(409, "Conflict", self.apply, tabs, crontab("tab", replicas=3), "two")
        forced = self.apply(tabs, crontab("tab", replicas=3), "two", force_conflicts=True)
        self.assertEqual(forced.spec.replicas, 3)

    def test_a_deployment_is_applied(self):
        deployments = self.dynamic("apps/v1", "Deployment")
        body = self.api.sanitize_for_serialization(deployment_of("web"))
        body.update(apiVersion="apps/v1", kind="Deployment")
        made = self.apply(deployments, body, "one")
        self.assertEqual(made.metadata.managedFields[0].manager, "one")
        body["spec"]["replicas"] = 7
        conflict = self.refused(409, "Conflict", self.apply, deployments, body, "two")
        self.assertEqual(conflict["details"]["causes"][0]["field"], ".spec.replicas")
        self.assertEqual(self.apply(deployments, body, "one").spec.replicas, 7)
        self.assertEqual(deployments.get(name="web", namespace=self.ns).spec.replicas, 7)
