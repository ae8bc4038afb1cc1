/** Answers that a simulated member may stop giving in a shape that is understood, with what is said of each then. */
export const calls = {
  health: 'GET sys/health: 200 with an answer of another shape: /sealed is missing',
  leader: 'GET sys/leader: 200 with an answer of another shape: /leader_address is missing',
  configuration: 'GET sys/storage/raft/configuration: 200 with an answer of another shape: /data is missing',
  autopilot: 'GET sys/storage/raft/autopilot/state: 500 internal error',
  login: 'POST auth/jwt-operator/login: 403 permission denied',
} as const;

export type Answer = keyof typeof calls;
export const answers = Object.keys(calls) as readonly Answer[];

/** Which answers of which members cannot be understood: for ever, or until it is ended. */
export class UnreadAnswers {
  private readonly kept: { readonly pod: string; readonly answer: Answer; readonly version?: string }[] = [];

  /** @param version of this server alone: another one answers well again */
  add(pod: string, answer: Answer, version?: string): void {
    this.kept.push({ pod, answer, ...(version === undefined ? {} : { version }) });
  }

  end(): void {
    this.kept.length = 0;
  }

  get isEmpty(): boolean {
    return this.kept.length === 0;
  }

  /** Why the first of these answers cannot be understood; undefined when each of them can be. */
  of(pod: string, version: string, ...wanted: readonly Answer[]): string | undefined {
    const found = this.kept.find(
      (each) =>
        each.pod === pod &&
        wanted.includes(each.answer) &&
        (each.version === undefined || each.version === version),
    );
    return found === undefined ? undefined : `${pod}: ${calls[found.answer]}`;
  }
}
