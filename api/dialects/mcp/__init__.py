"""The Model Context Protocol at `/mcp`: tools by which agents draw, over streamable HTTP without sessions."""
