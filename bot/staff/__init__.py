"""The pages for people of the office: hotline staff, trainers, editors. Sanic blueprints in the server's own process.

A new page: a blueprint in bot/staff/site.py's list, its views under `@staff("role")` (bot.staff.access), answered by `page`
(bot.staff.pages); database work by `db(request, job)`; a change leaves an `audit(...)` row in the same transaction.
"""
