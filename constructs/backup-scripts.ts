import type { Dump } from './backup.ts';
import { STAMP } from './backup-retention.ts';

// What the containers of a backup and of a restore run; they share the folder $BACKUP.

export const dumpScript = ({ shell = 'bash', script }: Dump) => `#!/bin/${shell}
set -euo pipefail
cd "$BACKUP"
FILE="$NAME-$(date -u +%Y%m%dT%H%M%SZ)"

${script}
sha256sum "$FILE"* > "$NAME.sum"
mv "$NAME.sum" "$FILE.sha256"
`;

export const downloadScript = `#!/bin/sh
set -eu
cd "$BACKUP"

backups=$(rclone lsf --include "/$NAME-${STAMP}.sha256" "$TARGET")
newest=$(echo "$backups" | sort | tail -n 1)
file=\${newest%.sha256}
[ -z "$STAMP" ] || file=$NAME-$STAMP
rclone copy --include "$file{-*,.*}" "$TARGET" .
[ -e "$file.sha256" ] || { echo "restore: $TARGET has no whole backup $file" >&2; exit 1; }
`;

export const restoreScript = ({ shell = 'bash', restore }: Dump) => `#!/bin/${shell}
set -euo pipefail
cd "$BACKUP"
sha256sum -c ./*.sha256
FILE=$(basename ./*.sha256 .sha256)

${restore}
echo "restore: $FILE is back"
`;
