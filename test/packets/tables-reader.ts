import { kernelTables, openKernel } from '../../lib/cli/kernel.ts';
import { readTables } from '../../lib/trace/traced-tables.ts';

/*
 * Prints, whenever it gets SIGUSR2, what the tables of the kernel hold in the network namespace that it runs in: one line
 * of JSON with the entries of each table.
 */
const tables = kernelTables(openKernel(undefined), [{ key: 'net/ipv4/vs/conntrack', value: '1' }]);

process.on('SIGUSR2', () => {
  void readTables(tables).then((found) => {
    const lists = Object.entries<ReadonlyMap<string, unknown>>({ ...found });
    const entries = lists.map(([name, table]) => [name, Array.from(table.values())] as const);
    process.stdout.write(`${JSON.stringify({ tables: Object.fromEntries(entries) })}\n`);
  });
});
setInterval(() => undefined, 1_000_000);
process.stdout.write('ready\n');
