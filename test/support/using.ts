/** What `await using` does, a syntax that Node 22 cannot parse: disposes of the resource when `use` has ended. */
export async function using<R extends AsyncDisposable, T>(
  resource: R,
  use: (resource: R) => Promise<T>,
): Promise<T> {
  try {
    return await use(resource);
  } finally {
    await resource[Symbol.asyncDispose]();
  }
}
