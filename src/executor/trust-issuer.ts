import { known, unknown, type Known } from '../core/model/known.ts';
import type { TokenIssuer } from '../core/model/observation.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import type { JwtConfig, OpenBaoNode } from '../io/openbao/node.ts';
import { until, type ExecutorContext } from './context.ts';
import { asRole, attempt } from './login.ts';
import { findLeader } from './membership.ts';
import { done, failed } from './report.ts';

/**
 * auth/jwt-operator/config must trust tokens of this issuer, by exactly these keys. What else stands there stays.
 * Written is what the leader says when it is read back, not that it answered.
 */
export async function trustIssuer(context: ExecutorContext, issuer: TokenIssuer): Promise<ExecutorReport> {
  const { deadline, log } = context;
  const before = await until(deadline, () => lookAtConfig(context));
  if (before.kind === 'unknown') {
    return failed('IssuerNotTrusted', `auth/jwt-operator/config could not be read: ${before.cause}`);
  }
  const { config, node } = before.value;
  if (config.keysFrom !== '') {
    return done(
      'ReadsKeysItself',
      `auth/jwt-operator reads the keys from ${config.keysFrom} and was left alone`,
    );
  }
  if (trusts(config, issuer)) return done('AlreadyTrusted', `auth/jwt-operator trusts ${nameOf(issuer)}`);

  log.info({ issuer: issuer.url, keys: issuer.publicKeys.length }, 'writing auth/jwt-operator/config');
  const fields = {
    ...config.fields,
    jwt_validation_pubkeys: issuer.publicKeys,
    bound_issuer: issuer.url,
  };
  const answer = await attempt(context, node, (token) => node.writeJwtConfig(token, fields));
  const after = await until(deadline, () => lookForTrust(context, issuer));
  if (after.kind === 'unknown') {
    return failed(
      'IssuerUnconfirmed',
      `auth/jwt-operator/config was written (${answer}), but ${after.cause}`,
    );
  }
  return done('Trusted', `auth/jwt-operator now trusts ${nameOf(issuer)}`);
}

interface Seen {
  readonly node: OpenBaoNode;
  readonly config: JwtConfig;
}

async function lookAtConfig(context: ExecutorContext): Promise<Known<Seen>> {
  const leader = await findLeader(context);
  if (leader.kind === 'unknown') return leader;
  const { node } = leader.value;
  const config = await asRole(context, node, (token) => node.jwtConfig(token));
  return config.kind === 'unknown' ? config : known({ node, config: config.value });
}

async function lookForTrust(context: ExecutorContext, issuer: TokenIssuer): Promise<Known<JwtConfig>> {
  const seen = await lookAtConfig(context);
  if (seen.kind === 'unknown') return seen;
  const { config, node } = seen.value;
  return trusts(config, issuer) ? known(config) : unknown(`${node.pod} still has other keys`);
}

function trusts({ publicKeys, issuer }: JwtConfig, wanted: TokenIssuer): boolean {
  const keys = new Set(publicKeys);
  const isSame =
    keys.size === wanted.publicKeys.length && wanted.publicKeys.every((key) => keys.has(key.trim()));
  return isSame && issuer === wanted.url;
}

const nameOf = ({ url, publicKeys }: TokenIssuer) =>
  `${publicKeys.length} ${publicKeys.length === 1 ? 'key' : 'keys'} of ${url}`;
