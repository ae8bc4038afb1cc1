import { describeStories } from '../../../support/transcript.ts';
import { tell } from './story.ts';

describeStories('stories of blue-green upgrades', 'test/core/upgrade/bluegreen/testdata', tell);
