import { writeFile } from 'node:fs/promises';
import type { Logger } from 'pino';

/**
 * Tells the kernel how readily to end this process when memory runs out (proc_pid_oom_score_adj(5)).
 *
 * @param file where the kernel is told
 */
export async function setOomScore(
  adjustment: number,
  log: Pick<Logger, 'debug'>,
  file = '/proc/self/oom_score_adj',
): Promise<void> {
  try {
    await writeFile(file, String(adjustment), { flag: 'r+' });
  } catch (error) {
    // Less than what it was takes CAP_SYS_RESOURCE, which nothing else here does.
    log.debug({ err: error, oomScoreAdj: adjustment }, 'the oom score stays as it is');
  }
}
