// Bundles the client and its worker, and holds what a page loads against its budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const GZIPPED_BYTES_MAX = 12_288;
const files = ['dist/longshore.js', 'dist/hash-worker.js'];

await build({
  // `node.js` is for Node alone; a page loads the two above.
  entryPoints: { longshore: 'src/longshore.ts', 'hash-worker': 'src/hash-worker.ts', node: 'src/node.ts' },
  outdir: 'dist',
  bundle: true,
  // The worker loads the client instead of holding a second copy of the checksum.
  external: ['./longshore.js', 'node:*'],
  minify: true,
  format: 'esm',
  target: ['es2022'],
  platform: 'browser',
  legalComments: 'none',
  banner: {
    js: '/* Longshore client, MIT OR Apache-2.0. Holds the CRC-64/NVME of the AWS SDK for JavaScript, Apache-2.0. */',
  },
});

const sizes = files.map((file) => gzipSync(readFileSync(file), { level: 9 }).length);
const total = sizes.reduce((sum, size) => sum + size);
const list = files.map((file, index) => `${file} ${sizes[index]}`).join(', ');
process.stdout.write(`${total} of ${GZIPPED_BYTES_MAX} bytes gzipped: ${list}\n`);
if (total > GZIPPED_BYTES_MAX) {
  process.stderr.write('what a page loads is over its budget\n');
  process.exitCode = 1;
}
