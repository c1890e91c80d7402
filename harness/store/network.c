/* Network file systems by their statfs numbers (statfs(2), linux/magic.h and the vendors' sources).
 * SQLite's WAL keeps its index in shared memory, which processes on two machines do not share, so on
 * these a rollback journal is used. FUSE may be local, but nothing tells. */
#include "store/private.h"

#include "core/mem.h"

static const struct network_fs {
    unsigned type;
    const char *name;
} network_fs[] = {
    {0x00006969, "NFS"},
    {0x0000517b, "SMB"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB2"},
    {0x0bd00bd0, "Lustre"},
    {0x65735546, "FUSE"},
    {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"},
    {0x00c36400, "Ceph"},
    {0x5346414f, "AFS"},
    {0x6b414653, "kAFS"},
    {0x73757245, "Coda"},
    {0x01021997, "9P"},
    {0xaad7aaea, "PanFS"},
    {0x01161970, "GFS2"},
    {0x7461636f, "OCFS2"},
    {0x786f4256, "VirtualBox shared folder"},
    {0xbacbacbc, "VMware shared folder"},
};

bool store_on_network(long fs_type) {
    for (size_t i = 0; i < ARRAY_LEN(network_fs); i++)
        if (network_fs[i].type == (unsigned)fs_type)
            return true;
    return false;
}
