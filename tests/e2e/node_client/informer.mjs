// An informer over config maps of one namespace, as a controller runs it: what it tells goes to stdout, a line
// an event; after a broken connection it is started again, which is all that the client asks of its user.
import { makeInformer } from '@kubernetes/client-node';
import { config, core } from './common.mjs';

const namespace = process.argv[2];
const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`,
  () => core.listNamespacedConfigMap({ namespace }));
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
for (const verb of ['add', 'update', 'delete'])
  informer.on(verb, ({ metadata }) => say([verb, metadata.name, Number(metadata.resourceVersion)]));
informer.on('connect', () => say(['connect']));
informer.on('error', (e) => {
  say(['error', String(e)]);
  setTimeout(() => informer.start(), 100);
});
await informer.start();
