import { describeStories } from '../../../support/transcript.ts';
import { tell } from './story.ts';

describeStories('stories of rolling upgrades', 'test/core/upgrade/rolling/testdata', tell);
