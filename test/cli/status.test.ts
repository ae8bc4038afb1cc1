import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { packageRoot } from '../cluster/package-root.ts';
import { readTranscript, replay } from './transcript.ts';
import { runStatus } from './status-run.ts';

const folder = join(packageRoot, 'test/testdata/status');
const stories = readdirSync(folder).map((name) => ({ name, path: join(folder, name) }));

describe('rollguard status', () => {
  describe('stories (UPDATE_TESTDATA=1 rewrites them)', () => {
    for (const { name, path } of stories) {
      it(name, async () => {
        const transcript = readTranscript(path);
        const now = await replay(transcript, runStatus);
        if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(path, now);
        else expect(now).to.equal(transcript.text);
      });
    }
  });
});
