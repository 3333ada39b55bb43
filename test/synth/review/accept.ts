import { casesOf, files, pageOf, plainText, write } from './cases.ts';

// Writes the pages of all cases as they are now.
for (const file of files) {
  write(
    file,
    casesOf(file).map(({ text: _, json: __, ...rest }) => {
      const page = pageOf(rest);
      return { ...rest, text: plainText(page), json: JSON.parse(JSON.stringify(page)) };
    }),
  );
}
