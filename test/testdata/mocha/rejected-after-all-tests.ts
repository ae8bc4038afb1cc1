it('leaves a promise for later', () => {
  setTimeout(() => void Promise.reject(new Error('nobody looks at this')), 100);
});
