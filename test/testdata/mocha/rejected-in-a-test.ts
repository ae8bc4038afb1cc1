it('leaves a promise', async () => {
  void Promise.reject(new Error('nobody looks at this'));
  // The rejection ends the test.
  await new Promise(() => {});
});
