import { issueCa, issueLeaf } from '../../certs/issue.ts';
import type { KeyPair, Material } from '../../certs/material.ts';
import { defaultSchedule } from '../../certs/schedule.ts';

/** The middle of a day, on a whole second, as certificates have it. */
export const start = Date.UTC(2030, 5, 1, 12);
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const names = ['rollguard.system.svc'];

export const caAt = (now: number, schedule = defaultSchedule): Promise<KeyPair> => issueCa(now, schedule);

export const leafAt = (now: number, ca: KeyPair, wanted: readonly string[] = names): Promise<KeyPair> =>
  issueLeaf(ca, wanted, now, defaultSchedule);

/** Material with the CAs' certificates, newest first, and the newest one's key. */
export const material = (leaf: KeyPair, newest: KeyPair, ...older: readonly KeyPair[]): Material => ({
  leaf,
  caBundle: [newest, ...older].map(({ cert }) => cert).join(''),
  caKey: newest.key,
});
