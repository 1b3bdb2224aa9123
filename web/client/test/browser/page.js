// The page of the tests: uploads what is chosen, and shows how far it is.
import { createClient } from '/longshore.js';

const query = new URLSearchParams(location.search);
const options = { apiUrl: query.get('api'), token: 'alice-token', parallelMax: 2 };
const client = createClient(options);

const show = (upload, more = {}) => {
  globalThis.shown = { ...upload.progress, unfinished: globalThis.shown?.unfinished, ...more };
};

globalThis.shown = { state: 'none', unfinished: (await client.unfinished()).length };

document.querySelector('#pick').addEventListener('change', ({ target }) => {
  const [file] = target.files;
  if (query.has('worker')) return inWorker(file);
  const upload = client.upload(file, { partSizeBytes: 1024 * 1024 });
  globalThis.upload = upload;
  upload.addEventListener('progress', () => show(upload));
  upload.done.then(
    ({ fileId }) => show(upload, { fileId }),
    (error) => show(upload, { error: error.code, words: `${error.message} ${error.cause}` }),
  );
});

function inWorker(file) {
  const worker = new Worker('/worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => {
    globalThis.shown = data;
  };
  worker.postMessage({ file, options });
}
