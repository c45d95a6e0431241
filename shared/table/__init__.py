"""The one DynamoDB table: its keys, the store's actions and queries, and the store on DynamoDB.

It knows no record's meaning.
"""
