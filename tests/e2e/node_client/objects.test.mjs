// Objects from their creation to their end, patches, applies and refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubernetesObjectApi, CustomObjectsApi, PatchStrategy } from '@kubernetes/client-node';
import { apps, config, configMap, core, deployment, namespace, patchAs, refused, until } from './common.mjs';

test('a config map from creation to its end', async (t) => {
  const ns = await namespace(t), named = { name: 'one', namespace: ns };
  const made = await core.createNamespacedConfigMap({ namespace: ns, body: configMap('one') });
  assert.ok(made.metadata.creationTimestamp instanceof Date);
  const body = { ...made, data: { a: '1', b: '2' } };
  const changed = await core.replaceNamespacedConfigMap({ ...named, body });
  assert.equal(changed.metadata.uid, made.metadata.uid);
  await refused(409, 'Conflict', () => core.replaceNamespacedConfigMap({ ...named, body }));
  assert.deepEqual((await core.readNamespacedConfigMap(named)).data, { a: '1', b: '2' });
  assert.equal((await core.deleteNamespacedConfigMap(named)).status, 'Success');
  const gone = await refused(404, 'NotFound', () => core.readNamespacedConfigMap(named));
  assert.equal(gone.message, 'configmaps "one" not found');
});

test('a pod runs, is shown with its status, and goes', async (t) => {
  const ns = await namespace(t), named = { name: 'p', namespace: ns };
  const spec = { containers: [{ name: 'main', image: 'busybox' }] };
  await core.createNamespacedPod({ namespace: ns, body: { metadata: { name: 'p' }, spec } });
  const pod = await until(async () => {
    const read = await core.readNamespacedPod(named);
    return read.status.phase === 'Running' && read;
  });
  assert.ok(pod.status.containerStatuses[0].state.running.startedAt instanceof Date);
  await core.deleteNamespacedPod({ ...named, gracePeriodSeconds: 0 });
  await until(async () => (await core.listNamespacedPod({ namespace: ns })).items.length === 0);
});

test('secrets are written as strings and read as base64', async (t) => {
  const ns = await namespace(t);
  const body = { metadata: { name: 's' }, stringData: { password: 'hunter2' } };
  await core.createNamespacedSecret({ namespace: ns, body });
  const read = await core.readNamespacedSecret({ name: 's', namespace: ns });
  assert.equal(Buffer.from(read.data.password, 'base64').toString(), 'hunter2');
});

test('patches of three types', async (t) => {
  const namespaced = await namespace(t), named = { name: 'web', namespace: namespaced };
  await apps.createNamespacedDeployment({ namespace: namespaced, body: deployment('web') });
  const patch = (body, strategy) => apps.patchNamespacedDeployment({ ...named, body }, patchAs(strategy));
  const names = (d) => d.spec.template.spec.containers.map((c) => c.name).sort();
  const sidecar = { spec: { template: { spec: { containers: [{ name: 'log', image: 'x' }] } } } };
  assert.deepEqual(names(await patch(sidecar, PatchStrategy.StrategicMergePatch)), ['log', 'main']);
  const steps = [{ op: 'test', path: '/spec/replicas', value: 2 },
    { op: 'replace', path: '/spec/replicas', value: 4 }];
  assert.equal((await patch(steps, PatchStrategy.JsonPatch)).spec.replicas, 4);
  await refused(422, 'Invalid', () => patch(steps, PatchStrategy.JsonPatch));
  assert.deepEqual(names(await patch(sidecar, PatchStrategy.MergePatch)), ['log']);
});

test('an apply owns its fields, and another gets a conflict', async (t) => {
  const ns = await namespace(t), objects = KubernetesObjectApi.makeApiClient(config);
  const apply = (manager, replicas, force = false) => objects.patch(
    deployment('web', ns, replicas), undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  await apply('one', 2);
  const conflict = await refused(409, 'Conflict', () => apply('two', 3));
  assert.equal(conflict.details.causes[0].field, '.spec.replicas');
  assert.equal((await apply('two', 3, true)).spec.replicas, 3);
  const read = await objects.read({ apiVersion: 'apps/v1', kind: 'Deployment',
    metadata: { name: 'web', namespace: ns } });
  assert.deepEqual(read.metadata.managedFields.map((m) => m.manager).sort(), ['one', 'two']);
});

test('custom objects', async (t) => {
  const where = { group: 'stable.example.com', version: 'v1', namespace: await namespace(t), plural: 'crontabs' };
  const custom = config.makeApiClient(CustomObjectsApi);
  const body = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'tab' },
    spec: { cronSpec: '* * * * *' } };
  const made = await custom.createNamespacedCustomObject({ ...where, body });
  assert.equal(made.spec.image, 'busybox');
  const patched = await custom.patchNamespacedCustomObject(
    { ...where, name: 'tab', body: { spec: { replicas: 3 } } }, patchAs(PatchStrategy.MergePatch));
  assert.equal(patched.spec.replicas, 3);
  body.spec.replicas = 99;
  body.metadata.name = 'wrong';
  const invalid = await refused(422, 'Invalid', () => custom.createNamespacedCustomObject({ ...where, body }));
  assert.equal(invalid.details.causes[0].field, 'spec.replicas');
  await custom.deleteNamespacedCustomObject({ ...where, name: 'tab' });
});

test('refusals say what is wrong', async (t) => {
  const ns = await namespace(t), create = (body) => core.createNamespacedConfigMap({ namespace: ns, body });
  await create(configMap('there'));
  const there = await refused(409, 'AlreadyExists', () => create(configMap('there')));
  assert.equal(there.message, 'configmaps "there" already exists');
  const invalid = await refused(422, 'Invalid', () => create(configMap('Not_A_Name')));
  assert.equal(invalid.details.causes[0].field, 'metadata.name');
  await refused(400, 'BadRequest', () => core.listNamespacedPod({ namespace: ns, labelSelector: 'a in (' }));
});
