import { expect } from 'chai';
import { Registry } from 'prom-client';
import { restoreMetrics } from '../../../src/controller/metrics/restore-metrics.ts';
import { SimulatedRestore, snapshot } from '../../core/restore/simulated-restore.ts';

const of = 'namespace="bao",name="back"';

/** What is told of a restore, 90 s after it got where it is. */
async function told(world: SimulatedRestore): Promise<readonly string[]> {
  for (let turn = 0; turn < 200; turn++) {
    world.pass();
    world.tick();
  }
  const { status } = world.restore;
  const registry = new Registry();
  restoreMetrics(
    registry,
    () => [world.restore],
    () => Date.parse(status?.phaseStartedAt ?? '') + 90_000,
  );
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('metrics of restores', () => {
  it('say that one waits for a person, and since when', async () => {
    const series = await told(new SimulatedRestore());
    expect(series).to.include.members([
      `rollguard_restore_info{${of},cluster="prod",snapshot="${snapshot}"} 1`,
      `rollguard_restore_phase{${of},phase="AwaitingConfirmation"} 1`,
      `rollguard_restore_phase{${of},phase="Failed"} 0`,
      `rollguard_restore_condition{${of},type="Stalled",status="true",reason="AwaitingConfirmation"} 1`,
      `rollguard_restore_condition{${of},type="Failed",status="false",reason="AwaitingConfirmation"} 1`,
      `rollguard_restore_step_seconds{${of}} 90`,
    ]);
  });

  it('say why one failed, and no longer how long it takes', async () => {
    const world = new SimulatedRestore({ confirm: 'prod' });
    world.jobFailures.set('verify-snapshot', 'Truncated it ends too early');
    const series = await told(world);
    expect(series).to.include.members([
      `rollguard_restore_phase{${of},phase="Failed"} 1`,
      `rollguard_restore_condition{${of},type="Failed",status="true",reason="Truncated"} 1`,
      `rollguard_restore_condition{${of},type="Restored",status="false",reason="Truncated"} 1`,
    ]);
    expect(series.join()).not.to.contain('step_seconds');
  });

  it('have no step once it is complete', async () => {
    const series = await told(new SimulatedRestore({ confirm: 'prod' }));
    expect(series).to.include(`rollguard_restore_phase{${of},phase="Complete"} 1`);
    expect(series.join()).not.to.contain('step_seconds');
  });
});
