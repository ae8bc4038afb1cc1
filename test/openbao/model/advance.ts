import { autopilotDue, autopilotFires } from './autopilot.ts';
import { electionDue, electionFires } from './election.ts';
import { namespacesDue, namespacesFire } from './namespaces.ts';
import { replicationDue, replicationFires } from './replication.ts';
import { startupDue, startupFires } from './startup.ts';
import type { World } from './state.ts';

const traits = [
  { due: startupDue, fires: startupFires },
  { due: electionDue, fires: electionFires },
  { due: replicationDue, fires: replicationFires },
  { due: autopilotDue, fires: autopilotFires },
  { due: namespacesDue, fires: namespacesFire },
];

/** Lets time pass; everything that is due on the way happens in its order. */
export function advance(world: World, to: number): void {
  for (;;) {
    const next = nextDue(world);
    if (next === undefined || next > to) break;
    world.now = Math.max(world.now, next);
    for (const { due, fires } of traits) {
      const time = due(world);
      if (time !== undefined && time <= world.now) fires(world);
    }
  }
  world.now = Math.max(world.now, to);
}

/** When something happens next by itself; undefined when the world is at rest for good. */
export function nextDue(world: World): number | undefined {
  const times = traits.map(({ due }) => due(world)).filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}
