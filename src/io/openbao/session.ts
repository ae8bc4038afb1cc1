import { OpenBaoError, type CallOptions, type OpenBaoNode } from './node.ts';

/** A login as one role in one cluster, good at each of its servers. */
export interface OpenBaoSession {
  /**
   * Calls with a token; logs in at the same server when there is none.
   *
   * @throws OpenBaoError of the login or of the call
   */
  run<T>(node: OpenBaoNode, call: (token: string) => Promise<T>, options?: CallOptions): Promise<T>;
  /** Gives the token back, as far as a server takes it now; it ends by itself otherwise. */
  end(options?: CallOptions): Promise<void>;
}

interface CurrentLogin {
  readonly token: Promise<string>;
  readonly at: number;
  readonly node: OpenBaoNode;
  endsAt: number;
}

/** A token is renewed when this part of its life has passed. */
const usedPart = 0.75;
/** After a restore every token is unknown; a role without a right is refused for ever. Both are 403. */
const newLoginAfterMs = 60_000;

/**
 * Each login writes to Raft, so a token is kept until it nears its end. A 403 may mean that it is known no more
 * (docs/facts/openbao.md, section 5): then one new login is tried, at most every minute.
 *
 * @param jwt reads the ServiceAccount's token, which Kubernetes renews
 * @param now milliseconds of any clock that does not go back
 */
export function openBaoSession(
  role: string,
  jwt: () => Promise<string>,
  now: () => number = () => performance.now(),
): OpenBaoSession {
  let login: CurrentLogin | undefined;

  const logIn = (node: OpenBaoNode, options?: CallOptions) => {
    const at = now();
    const begun: CurrentLogin = { token: begin(), at, node, endsAt: Infinity };
    login = begun;
    return begun;

    async function begin(): Promise<string> {
      try {
        const { token, leaseSeconds } = await node.login(role, await jwt(), options);
        // A lease of 0 never ends.
        if (leaseSeconds > 0) begun.endsAt = at + leaseSeconds * 1000 * usedPart;
        return token;
      } catch (error) {
        if (login === begun) login = undefined;
        throw error;
      }
    }
  };

  return {
    async run(node, call, options) {
      const current = login !== undefined && now() < login.endsAt ? login : logIn(node, options);
      const token = await current.token;
      try {
        return await call(token);
      } catch (error) {
        if (!(error instanceof OpenBaoError && error.reason === 'Forbidden')) throw error;
        if (now() - current.at < newLoginAfterMs) throw error;
        const next = login !== current && login !== undefined ? login : logIn(node, options);
        return call(await next.token);
      }
    },
    async end(options) {
      const ending = login;
      login = undefined;
      await ending?.token.then((token) => ending.node.revokeSelf(token, options)).catch(() => {});
    },
  };
}
