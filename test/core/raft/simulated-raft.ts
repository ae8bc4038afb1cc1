import { quorum } from '../../../src/core/raft/quorum.ts';
import type { Membership } from '../../../src/core/raft/membership-change.ts';

/** One server of the configuration. */
interface Server {
  voter: boolean;
  /** Runs, is unsealed and has caught up. */
  up: boolean;
}

/**
 * The membership of one Raft cluster in miniature: what promote, demote, remove-peer and step-down record, and what
 * autopilot makes of it at its next round (docs/facts/openbao-measured.md, sections 2 to 4;
 * docs/facts/openbao.md, section 6). It has no clock: rounds and elections are called for. Far simpler than
 * test/openbao/model.
 */
export class SimulatedRaft {
  /** In the order of joining. */
  readonly servers = new Map<string, Server>();
  /** The permanent non-voters. It outlives removals, and takes ids that are no members. */
  readonly flagged = new Set<string>();
  /** Undefined in an election, and without a quorum. */
  leader: string | undefined;

  constructor(voters: readonly string[], nonVoters: readonly string[] = []) {
    for (const id of voters) this.servers.set(id, { voter: true, up: true });
    for (const id of nonVoters) this.join(id);
    this.leader = voters[0];
  }

  get voters(): readonly string[] {
    return [...this.servers].filter(([, { voter }]) => voter).map(([id]) => id);
  }

  get votersUp(): readonly string[] {
    return this.voters.filter((id) => this.servers.get(id)?.up === true);
  }

  get hasQuorum(): boolean {
    return this.votersUp.length >= quorum(this.voters.length);
  }

  /** What the leader says; undefined while nobody leads. */
  membership(): Membership | undefined {
    const { leader } = this;
    if (leader === undefined) return undefined;
    const servers = [...this.servers];
    return {
      servers: servers.map(([id, { voter }]) => ({ id, voter, leader: id === leader })),
      flagged: new Set(servers.map(([id]) => id).filter((id) => this.flagged.has(id))),
      problems: new Map(servers.filter(([, { up }]) => !up).map(([id]) => [id, `${id} did not answer`])),
    };
  }

  /** Joins as a permanent non-voter. */
  join(id: string): void {
    this.flagged.add(id);
    this.servers.set(id, { voter: false, up: true });
  }

  /** False: "server is not a non-voter", which is said of voters, leaders and unknown ids alike. */
  promote(id: string): boolean {
    return this.leader !== undefined && this.flagged.delete(id);
  }

  /** False: "server is already a non-voter". An unknown id is taken. */
  demote(id: string): boolean {
    if (this.leader === undefined || this.flagged.has(id)) return false;
    this.flagged.add(id);
    return true;
  }

  removePeer(id: string): void {
    if (this.leader === undefined) return;
    this.servers.delete(id);
    if (this.leader === id) this.leader = undefined;
  }

  /**
   * Autopilot's next round: promotions first, demotions only in a round without; never the leader's.
   *
   * @param isHeard whether the leader hears of its health: of members across 2.6 it does not
   */
  reconcile(isHeard: (id: string) => boolean = () => true): void {
    if (this.leader === undefined) return;
    const servers = [...this.servers];
    const promoted = servers.filter(
      ([id, { voter, up }]) => !voter && up && isHeard(id) && !this.flagged.has(id),
    );
    const demoted = servers.filter(([id, { voter }]) => voter && this.flagged.has(id) && id !== this.leader);
    for (const [, server] of promoted.length > 0 ? promoted : demoted) server.voter = promoted.length > 0;
    this.checkQuorum();
  }

  /**
   * The leader hands over to the first other voter that is up, in configuration order.
   *
   * @returns who leads then; undefined: nobody could, and there is no active member for 10 s
   */
  stepDown(): string | undefined {
    const heir = this.votersUp.find((id) => id !== this.leader);
    this.leader = this.hasQuorum ? heir : undefined;
    return this.leader;
  }

  kill(id: string): void {
    const server = this.servers.get(id);
    if (server !== undefined) server.up = false;
    if (this.leader === id) this.leader = undefined;
    this.checkQuorum();
  }

  start(id: string): void {
    const server = this.servers.get(id);
    if (server !== undefined) server.up = true;
  }

  /** An election, if a quorum can hold one. */
  elect(wanted?: string): void {
    const { votersUp } = this;
    if (!this.hasQuorum) return;
    this.leader = wanted !== undefined && votersUp.includes(wanted) ? wanted : votersUp[0];
  }

  private checkQuorum(): void {
    if (!this.hasQuorum) this.leader = undefined;
  }
}
