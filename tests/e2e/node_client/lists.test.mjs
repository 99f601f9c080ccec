// Pages, watches and informers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInformer, Watch } from '@kubernetes/client-node';
import { config, configMap, core, namespace, until } from './common.mjs';

const create = (ns, name, labels = {}) =>
  core.createNamespacedConfigMap({ namespace: ns, body: configMap(name, { a: '1' }, { labels }) });
const remove = (ns, name) => core.deleteNamespacedConfigMap({ namespace: ns, name });

test('pages are of one moment', async (t) => {
  const ns = await namespace(t), seen = [];
  for (let k = 0; k < 5; k++) await create(ns, `m-${k}`, { app: 'web' });
  let page = { metadata: {} };
  const revisions = new Set();
  do {
    page = await core.listNamespacedConfigMap(
      { namespace: ns, limit: 2, labelSelector: 'app=web', _continue: page.metadata._continue });
    seen.push(...page.items.map((item) => item.metadata.name));
    revisions.add(page.metadata.resourceVersion);
    if (seen.length === 2) await remove(ns, 'm-4');
  } while (page.metadata._continue);
  assert.deepEqual(seen, ['m-0', 'm-1', 'm-2', 'm-3', 'm-4']);
  assert.equal(revisions.size, 1);
});

test('a watch goes on from a revision', async (t) => {
  const ns = await namespace(t), events = [];
  const { resourceVersion } = (await core.listNamespacedConfigMap({ namespace: ns })).metadata;
  await create(ns, 'before');
  const watch = (timeoutSeconds, take, done) => new Watch(config).watch(`/api/v1/namespaces/${ns}/configmaps`,
    { resourceVersion, fieldSelector: 'metadata.name!=kube-root-ca.crt', timeoutSeconds }, take, done);
  const control = await watch(100, (type, object) => events.push(`${type} ${object.metadata.name}`), () => {});
  await create(ns, 'after');
  await remove(ns, 'before');
  await until(() => events.length === 3);
  control.abort();
  await new Promise((resolve) => { watch(1, () => {}, resolve); }); // the server ends it when its time is over
  assert.deepEqual(events, ['ADDED before', 'ADDED after', 'DELETED before']);
});

test('an informer knows what there is and tells what changes', async (t) => {
  const ns = await namespace(t), told = [];
  await create(ns, 'first', { app: 'web' });
  const informer = makeInformer(config, `/api/v1/namespaces/${ns}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace: ns, labelSelector: 'app=web' }), 'app=web');
  for (const verb of ['add', 'update', 'delete', 'error'])
    informer.on(verb, (object) => told.push(`${verb} ${object.metadata?.name ?? object}`));
  await informer.start();
  t.after(() => informer.stop());
  await create(ns, 'second', { app: 'web' });
  await create(ns, 'another', { app: 'other' });
  const first = await core.readNamespacedConfigMap({ namespace: ns, name: 'first' });
  await core.replaceNamespacedConfigMap({ namespace: ns, name: 'first', body: { ...first, data: { a: '2' } } });
  await until(() => informer.get('first', ns).data.a === '2');
  const second = await core.readNamespacedConfigMap({ namespace: ns, name: 'second' });
  second.metadata.labels = { app: 'other' }; // it leaves the selection
  await core.replaceNamespacedConfigMap({ namespace: ns, name: 'second', body: second });
  await remove(ns, 'first');
  await until(() => informer.list(ns).length === 0);
  assert.deepEqual(told, ['add first', 'add second', 'update first', 'delete second', 'delete first']);
});
