import {
  type Content,
  type Descriptor,
  descriptorOf,
  jsonContent,
  type Stored,
} from './content.ts';
import type { Image } from './image.ts';
import { docker, oci } from './media-type.ts';

/** An image index or manifest list with everything under it. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly manifest: Content;
  readonly children: readonly (Image<Stored> | ImageIndex)[];
}

/** One child of an index and how the index describes it. */
export interface IndexChild {
  readonly item: Image<Stored> | ImageIndex;
  /** `os/architecture[/variant]`, such as `linux/arm64/v8`; none for a nested index. */
  readonly platform?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an index is made of besides its children. */
export interface IndexParts {
  readonly mediaTypes?: 'oci' | 'docker';
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

/** Makes an OCI image index or a Docker manifest list over images and other indexes. */
export function makeIndex(children: readonly IndexChild[], parts: IndexParts = {}): ImageIndex {
  const mediaType = (parts.mediaTypes === 'docker' ? docker : oci).index;
  const manifest = jsonContent(
    {
      schemaVersion: 2,
      mediaType,
      artifactType: parts.artifactType,
      manifests: children.map((child) => ({
        ...descriptorOf(child.item.manifest),
        annotations: child.annotations,
        platform: child.platform === undefined ? undefined : platformOf(child.platform),
      })),
      subject: parts.subject === undefined ? undefined : descriptorOf(parts.subject),
      annotations: parts.annotations,
    },
    mediaType,
  );
  return { kind: 'index', manifest, children: children.map((child) => child.item) };
}

function platformOf(text: string): Record<string, string | undefined> {
  const [os, architecture, variant] = text.split('/');
  return { architecture, os, variant };
}
