/**
 * The worker that reads files: it is handed a blob and answers its checksum, or the name of what went wrong. It loads the
 * client itself, which the page has in its cache already.
 */
import { crcOf } from './longshore.js';

addEventListener('message', async ({ data }: MessageEvent<Blob>) => {
  try {
    postMessage({ crc: await crcOf(data) });
  } catch (cause) {
    postMessage({ failed: (cause as Error).name });
  }
});
