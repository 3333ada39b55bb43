import { expect, test } from '@jest/globals';
import { newService, newSystem } from '../../synth/scaffold.ts';

test('a system or a service that is called like a word of TypeScript gets an identifier that is none', () => {
  const { files, next } = newSystem('class');
  expect(files['charts/class/class.ts']).toContain('export const classSystem =');
  expect(next.join('\n')).toContain("import { classSystem } from '../class/class.ts'");
  expect(newService('shop', 'delete').next.join('\n')).toContain('const deleteService = addDelete(chart, images)');
});

test('one that would hide what the file calls by name already, too', () => {
  expect(newService('shop', 'images').next.join('\n')).toContain('calls: [imagesService]');
  expect(newService('shop', 'image-proxy').next.join('\n')).toContain('calls: [imageProxy]');
});
