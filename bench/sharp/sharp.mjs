// Makes the variants of one photo with sharp and says what that cost, like `bench-images make`:
//   node sharp.mjs make a|b|jpeg-webp [--effort N] [--loops N] [--threads T]
//     [--no-warm-up | --warm-up JOB] [--out DIR] PHOTO
// prints {"cpuSeconds": [per loop], "wallSeconds": [per loop], "rssBytes": peak of the process}.
//
// One pipeline for each output, one after another, as sharp's documentation has it. Reading the photo and writing the
// variants is not measured, and sharp keeps nothing from one loop for the next.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';

const SIZES = [[640, 480], [1280, 720], [1920, 1080]];

// JPEG has no transparency, so it is laid on white as our pipeline does; sharp's own choice is black. For an opaque
// photo this does nothing.
const WRITERS = {
  jpeg: (image, quality) => image.flatten({ background: '#ffffff' }).jpeg({ quality, progressive: true }),
  webp: (image, quality, effort) => image.webp({ quality, ...effort }),
  avif: (image, quality, effort) => image.avif({ quality, ...effort }),
};

const nine = (formats) =>
  formats.flatMap((format) => SIZES.map(([width, height]) => ({ format, width, height, quality: 80 })));
const JOBS = {
  a: [{ format: 'jpeg', width: 800, height: 600, quality: 85 }],
  b: nine(['jpeg', 'webp', 'avif']),
  'jpeg-webp': nine(['jpeg', 'webp']),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    effort: { type: 'string' },
    loops: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    'no-warm-up': { type: 'boolean', default: false },
    'warm-up': { type: 'string' },
    out: { type: 'string' },
  },
});
const [command, job, photo] = positionals;
if (command === 'version') {
  console.log(JSON.stringify(sharp.versions));
  process.exit(0);
}
if (command !== 'make' || !(job in JOBS) || photo === undefined) {
  console.error('usage: node sharp.mjs make a|b|jpeg-webp [options] PHOTO');
  process.exit(2);
}
sharp.cache(false);
sharp.concurrency(Number(values.threads));
// Without the option sharp takes its own default, which differs between formats.
const effort = values.effort === undefined ? {} : { effort: Number(values.effort) };

async function render(file, job) {
  const variants = new Map();
  for (const { format, width, height, quality } of JOBS[job]) {
    const image = sharp(file).rotate().resize(width, height, { fit: 'inside', withoutEnlargement: true });
    const bytes = await WRITERS[format](image, quality, effort).toBuffer();
    variants.set(`${width}x${height}.${format}`, bytes);
  }
  return variants;
}

async function measure() {
  const file = readFileSync(photo);
  const made = { cpuSeconds: [], wallSeconds: [] };
  let variants = new Map();
  if (!values['no-warm-up']) {
    await render(file, values['warm-up'] ?? job);
  }
  for (let loop = 0; loop < Number(values.loops); loop += 1) {
    const cpu = process.cpuUsage();
    const begun = process.hrtime.bigint();
    variants = await render(file, job);
    made.wallSeconds.push(Number(process.hrtime.bigint() - begun) / 1e9);
    const { user, system } = process.cpuUsage(cpu);
    made.cpuSeconds.push((user + system) / 1e6);
  }
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  made.rssBytes = Number(peak[1]) * 1024;
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    for (const [name, bytes] of variants) {
      writeFileSync(join(values.out, name), bytes);
    }
  }
  return made;
}

try {
  console.log(JSON.stringify(await measure()));
} catch (error) {
  // The message says what is wrong with the photo; the stack is that of this file.
  console.error(error.message);
  process.exit(1);
}
