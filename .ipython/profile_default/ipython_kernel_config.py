# Settings of the kernel that runs the chapters; medlstm.environment points IPYTHONDIR here.
c = get_config()  # noqa: F821
# TensorFlow's C++ greets on stderr whatever its log level. Python's own warnings still show.
c.IPKernelApp.capture_fd_output = False
c.IPKernelApp.log_level = 40
# Figures are drawings: sharp at any size, and the site can show them in dark mode.
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None, "Creator": None}}
