# Settings of each student's server; the hub's are one folder up.
c = get_config()  # noqa: F821
c.ServerApp.jpserver_extensions = {"classroom.copies": True}  # the address /book
# Over TCP, any program of this machine could listen to what a kernel prints; these sockets are the student's alone.
c.KernelManager.transport = "ipc"
# Whoever deletes a file has room again: a bin would be on the same disk.
c.FileContentsManager.delete_to_trash = False
