/**
 * A text in a command, its arguments or its environment as it is: the kubelet replaces $(NAME) by the value of a
 * variable, which may be a credential, and $$ by one $. What it leaves alone comes back unchanged, so that no pod is
 * made anew for it.
 */
export const literal = (text: string): string => (/\$[$(]/.test(text) ? text.replaceAll('$', '$$$$') : text);

/** What the kubelet makes of such a text. */
export const unliteral = (text: string): string => text.replaceAll('$$', () => '$');
