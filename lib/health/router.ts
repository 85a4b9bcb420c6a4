import type { IncomingMessage, RequestListener } from 'node:http';
import type { Log } from './log.ts';
import { type Reply, send, text } from './reply.ts';

/** What is answered at each path, to GET and to HEAD. The query of a request has no say. */
export type Routes = Readonly<Record<string, () => Reply | Promise<Reply>>>;

/** Answers 404 at other paths, 405 to other methods, and 500 where a route fails, which the log tells. */
export function router(routes: Routes, log: Log): RequestListener {
  return (request, response) => {
    const path = pathOf(request);
    // The promise is asked for even of a route that throws at once.
    const reply = new Promise<Reply>((resolve) => {
      resolve(replyTo(request.method, path, routes));
    });
    void reply.then(
      (given) => {
        send(response, given);
      },
      (error: unknown) => {
        log.error({ path, err: error }, 'a request could not be answered');
        send(response, text(500, 'Internal Server Error\n'));
      },
    );
  };
}

function replyTo(method: string | undefined, path: string, routes: Routes): Reply | Promise<Reply> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return text(404, '404 page not found\n');
  if (method === 'GET' || method === 'HEAD') return route();
  return text(405, 'Method Not Allowed\n', { Allow: 'GET, HEAD' });
}

function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?');
  return path;
}
