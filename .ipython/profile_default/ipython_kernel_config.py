# Settings of the kernel that runs the chapters; medlstm.environment points IPYTHONDIR here.
c = get_config()  # noqa: F821
# TensorFlow's C++ greets on stderr whatever its log level. Python's own warnings still show.
c.IPKernelApp.capture_fd_output = False
c.IPKernelApp.log_level = 40
