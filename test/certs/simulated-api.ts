import jsonpatch, { type Operation } from 'fast-json-patch';
import { ApiError, type Call, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Record<string, string>;
  readonly webhooks?: { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}

/** As much of an API server as keeping a certificate takes: objects by path, versions, conflicts, JSON Patch. */
export class SimulatedApi implements KubernetesClient {
  readonly objects = new Map<string, Stored>();
  /** Each call that came, as `GET /path`. */
  readonly calls: string[] = [];
  /** Called first: what it throws is the answer. */
  before: (call: Call) => void = () => {};
  #version = 0;

  put(path: string, object: object): Stored {
    this.#version += 1;
    const { metadata, ...fields } = object as Stored;
    const stored = { ...fields, metadata: { ...metadata, resourceVersion: String(this.#version) } };
    this.objects.set(path, stored);
    return stored;
  }

  request<T>(call: Call): Promise<T> {
    return Promise.resolve().then(() => {
      this.calls.push(`${call.method} ${call.path}`);
      this.before(call);
      return structuredClone(this.#answer(call)) as T;
    });
  }

  #answer({ method, path, body }: Call): Stored {
    if (method === 'POST') {
      const target = `${path}/${(body as Stored).metadata.name}`;
      if (this.objects.has(target)) throw refusal(409, 'AlreadyExists');
      return this.put(target, body as object);
    }
    const found = this.objects.get(path);
    if (found === undefined) throw refusal(404, 'NotFound');
    if (method === 'PUT') {
      const { resourceVersion } = (body as Stored).metadata;
      if (resourceVersion !== found.metadata.resourceVersion) throw refusal(409, 'Conflict');
      return this.put(path, body as object);
    }
    if (method === 'PATCH') {
      try {
        const patched = jsonpatch.applyPatch(structuredClone(found), body as Operation[]);
        return this.put(path, patched.newDocument);
      } catch {
        throw refusal(422, 'Invalid');
      }
    }
    return found;
  }

  async get<T>(path: string): Promise<T | undefined> {
    try {
      return await this.request<T>({ method: 'GET', path });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  create = <T>(path: string, body: unknown): Promise<T> => this.request<T>({ method: 'POST', path, body });
  update = <T>(path: string, body: unknown): Promise<T> => this.request<T>({ method: 'PUT', path, body });
  list = (): never => unexpected();
  apply = (): never => unexpected();
  remove = (): never => unexpected();
  close = (): Promise<void> => Promise.resolve();
}

export const refusal = (status: number, reason: string) => new ApiError(reason, { status, reason });

function unexpected(): never {
  throw new Error('nothing here calls this');
}
