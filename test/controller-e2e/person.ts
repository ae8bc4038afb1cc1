import { expect } from 'chai';
import type { KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { logIn, reachMembers } from './writer.ts';

/** Somebody with the writer's role, who logs in for each call: a restore ends every login. */
export interface Person {
  write(key: string, value: string): Promise<void>;
  read(key: string): Promise<string | undefined>;
}

export function personOn(client: KubernetesClient, namespace: string, cluster: string): Person {
  const call = async (method: 'GET' | 'PUT', key: string, body?: object) => {
    const members = await reachMembers(client, namespace, cluster);
    try {
      const token = await logIn(client, members, namespace);
      for (;;) {
        const answer = await members.ask(method, `/v1/kv/${key}`, body, token);
        if (answer !== undefined) return answer;
      }
    } finally {
      await members.close();
    }
  };
  return {
    async write(key, value) {
      expect((await call('PUT', key, { value })).status).to.equal(204);
    },
    async read(key) {
      const { body } = await call('GET', key);
      return (body as { data?: { value?: string } }).data?.value;
    },
  };
}
