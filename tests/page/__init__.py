"""The page in Debian's Chromium, on the whole service: what people see and do, and that no view has a fault of its own."""
