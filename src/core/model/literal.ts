/** A text in a command, its arguments or its environment as it is: the kubelet replaces $(NAME), and $$ by one $. */
export const literal = (text: string): string => text.replaceAll('$', '$$$$');
