export { schedulers } from '../model/schedulers.ts';
