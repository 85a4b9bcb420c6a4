import { get } from 'node:http';

/** Milliseconds that an answer is waited for: whoever gives it is on this machine. */
const patience = 1000;

/** The status of HTTP that a health check port of this machine answers; `null` where there is no answer. Never rejects. */
export function healthAnswer(host: string, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const asked = get({ host, port, path: '/', timeout: patience, agent: false }, (response) => {
      response.destroy();
      resolve(response.statusCode ?? null);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('close', () => {
      resolve(null);
    });
    asked.on('error', () => {
      resolve(null);
    });
  });
}
