#!/bin/sh
# Step: say what a stand-in is made of. Run inside it by bases.sh; the tools that it lacks print nothing.
exec 2>/dev/null
echo "Debian $(cat /etc/debian_version)"
python3 --version
go version
rustc --version
gcc --version | head -n 1
