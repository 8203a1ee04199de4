def handler(_event, _context):
    return "one"
