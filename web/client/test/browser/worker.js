// The client within a worker, for the tests.
import { createClient } from '/longshore.js';

addEventListener('message', async ({ data }) => {
  const upload = createClient(data.options).upload(data.file);
  try {
    const { fileId } = await upload.done;
    postMessage({ ...upload.progress, fileId });
  } catch (error) {
    postMessage({ state: 'failed', error: `${error.code} ${error.message}` });
  }
});
