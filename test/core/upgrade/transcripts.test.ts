import { describeStories } from '../../support/transcript.ts';
import { tell } from './story.ts';

describeStories('stories of rolling upgrades', 'test/core/upgrade/testdata', tell);
