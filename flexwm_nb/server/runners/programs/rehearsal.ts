// What a process that waits for a job does once before: its runtime gets ready for what every job does.

export enum Kind {
  One = "one",
}

export async function main(n: number, kind: Kind = Kind.One): Promise<object> {
  return { n, kind, made: [new Date(0), undefined] }
}
