// Group commit as small as it goes: what comes while a batch is being written makes the next one. `write` is given the
// items of a batch, one batch at a time, and gives a result for each, in order.

export function batched(write, limit = 500) {
  let waiting = [];
  let writing = false;

  async function writeAll() {
    writing = true;
    while (waiting.length) {
      const batch = waiting.slice(0, limit);
      waiting = waiting.slice(limit);
      try {
        const results = await write(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, place) => resolve(results[place]));
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    writing = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!writing) writeAll();
    });
}
