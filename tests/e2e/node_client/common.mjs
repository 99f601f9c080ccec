// What the tests of the node client share: the client as KUBECONFIG says, a namespace of one's own, patience.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as k8s from '@kubernetes/client-node';

export const config = new k8s.KubeConfig();
config.loadFromDefault();
export const core = config.makeApiClient(k8s.CoreV1Api);
export const apps = config.makeApiClient(k8s.AppsV1Api);

let made = 0;

// A namespace that goes with the test `t`.
export async function namespace(t) {
  const name = `node-${process.pid}-${made++}`;
  await core.createNamespace({ body: { metadata: { name } } });
  t.after(() => core.deleteNamespace({ name }));
  await until(async () => {
    const accounts = await core.listNamespacedServiceAccount({ namespace: name });
    return accounts.items.some((account) => account.secrets);
  });
  return name;
}

export async function until(what, seconds = 60) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const got = await what();
    if (got) return got;
    assert.ok(Date.now() < deadline, `did not come true within ${seconds} s: ${what}`);
    await sleep(50);
  }
}

// The Status that a refusal carries.
export async function refused(code, reason, call) {
  const caught = await call().then(() => assert.fail('it was not refused'), (e) => e);
  assert.equal(caught.code, code, caught.message);
  const status = typeof caught.body === 'string' ? JSON.parse(caught.body) : caught.body;
  assert.deepEqual([status.kind, status.status, status.code, status.reason],
    ['Status', 'Failure', code, reason]);
  return status;
}

export const patchAs = (strategy) => k8s.setHeaderOptions('Content-Type', strategy);

export function configMap(name, data = { a: '1' }, more = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data };
}

export function deployment(name, namespace, replicas = 2) {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace },
    spec: {
      replicas, selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'busybox' }] } },
    },
  };
}
