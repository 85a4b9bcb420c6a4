export { durationForm, durationHint, formatDuration, parseDuration } from '../model/duration.ts';
